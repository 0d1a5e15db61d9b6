/** The texts of page.js and of the stylesheets; `.config/embed-assets.mjs` makes the module in the build. */
export declare const PAGE_SCRIPT: string;
export declare const PAGE_STYLE: string;
