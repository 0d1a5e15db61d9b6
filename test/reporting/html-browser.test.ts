/** The page in a real browser. Without Chromium these tests are skipped, with a line that says so; never in CI. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { STATUS_NAMES, type Status } from '../../src/model/statuses.js';
import { HOSTILE, pageOf, resultNamed, timelineOf } from '../support/page.js';

const CHROMIUM = '/usr/bin/chromium';
const there = existsSync(CHROMIUM);
if (!there && process.env.CI === 'true') throw new Error(`CI has to have a browser: ${CHROMIUM} is missing`);
if (!there) process.stderr.write(`test/html-browser.test.ts is skipped: there is no ${CHROMIUM}\n`);

const ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

describe.skipIf(!there)('the page in a browser', () => {
  const folder = mkdtempSync(join(tmpdir(), 'page-'));
  let browser: BrowserContext;
  let opened = 0;

  beforeAll(async () => {
    browser = await chromium.launchPersistentContext(join(folder, 'profile'), {
      executablePath: CHROMIUM,
      args: ARGS,
      viewport: { width: 1200, height: 900 },
    });
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Opens a page and collects every console message, error and request but the first. */
  async function open(text: string): Promise<{ page: Page; complaints: readonly string[] }> {
    opened += 1;
    const path = join(folder, `${opened}.html`);
    writeFileSync(path, text);
    const page = await browser.newPage();
    const complaints: string[] = [];
    const address = pathToFileURL(path).href;
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      if (request.url() !== address) complaints.push(request.url());
    });
    await page.goto(address);
    return { page, complaints };
  }

  const names = (page: Page): Promise<string[]> => page.locator('#rows td.name').allTextContents();
  const rowCount = (page: Page): Promise<string | null> => page.locator('#row-count').textContent();
  const statusAt = (i: number): Status =>
    i % 100 === 7 ? 'failed' : i % 3 === 0 ? 'already-provisioned' : 'created';
  const many = (n: number) =>
    Array.from({ length: n }, (_, i) => resultNamed(`group ${i}`, i + 2, statusAt(i)));

  test('loads without an error and without a request', async () => {
    const { page, complaints } = await open(pageOf(many(250), timelineOf(30, 10)));
    expect(await rowCount(page)).toBe('Rows 1 to 100 of 250 rows');
    expect(complaints).toEqual([]);
  });

  test('is under its policy: no foreign script, no inline style, no markup from text', async () => {
    const { page } = await open(pageOf(many(3)));
    const tried = await page.evaluate(() => {
      const violations: string[] = [];
      document.addEventListener('securitypolicyviolation', (event) =>
        violations.push(event.effectiveDirective),
      );
      const styled = document.createElement('p');
      styled.setAttribute('style', 'position:fixed');
      document.body.append(styled);
      let written = true;
      try {
        styled.innerHTML = '<b>bold</b>';
      } catch {
        written = false;
      }
      const position = getComputedStyle(styled).position;
      return new Promise((resolve) =>
        setTimeout(() => resolve({ position, written, seen: violations.length > 0 }), 50),
      );
    });
    expect(tried).toEqual({ position: 'static', written: false, seen: true });
  });

  test('shows hostile names as they are, and they do nothing', async () => {
    const results = HOSTILE.map((name, i) =>
      resultNamed(name, i + 2, i % 2 === 0 ? 'failed' : 'created', { detail: name, trackingId: name }),
    );
    const { page, complaints } = await open(pageOf(results));
    expect(await names(page)).toEqual(HOSTILE);
    expect(await page.locator('#missing td.name').allTextContents()).toEqual(
      HOSTILE.filter((_, i) => i % 2 === 0),
    );
    for (const name of HOSTILE) {
      await page.fill('#search', name);
      expect(await names(page)).toContain(name);
    }
    expect(await page.evaluate(() => 'hit' in window)).toBe(false);
    expect(await page.locator('img, svg[onload], [onfocus], [onerror]').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  test('looks the same before and after its script took over', async () => {
    const text = pageOf(many(90));
    const { page } = await open(text);
    const drawn = await page.locator('#rows tbody').innerHTML();
    const { page: plain } = await open(text.replace(/<script type="module">[\s\S]*<\/script>/, ''));
    const squeezed = (markup: string): string => markup.replace(/>\s+</g, '><').trim();
    expect(squeezed(await plain.locator('#rows tbody').innerHTML())).toBe(squeezed(drawn));
    expect(await plain.locator('.tools:visible').count()).toBe(0);
  });

  test('of 20,000 rows filters, searches, sorts and pages', async () => {
    const { page, complaints } = await open(pageOf(many(20_000), timelineOf(700, 29)));
    expect(await rowCount(page)).toBe('Rows 1 to 100 of 20,000 rows');

    await page.check('#show-missing');
    expect(await rowCount(page)).toBe('Rows 1 to 100 of 200 rows (20,000 in total)');
    expect((await names(page)).slice(0, 2)).toEqual(['group 7', 'group 107']);

    await page.fill('#search', 'GROUP 199');
    expect(await names(page)).toEqual(['group 19907']);
    await page.fill('#search', 'nobody');
    expect(await rowCount(page)).toBe('0 rows (20,000 in total)');

    await page.fill('#search', '');
    await page.check('#show-all');
    await page.getByRole('button', { name: 'Name' }).click();
    await page.getByRole('button', { name: 'Name' }).click();
    // As numbers, not as letters: 19999 comes before 9.
    expect((await names(page)).slice(0, 2)).toEqual(['group 19999', 'group 19998']);
    expect(await page.locator('#rows th').nth(1).getAttribute('aria-sort')).toBe('descending');

    await page.getByRole('button', { name: 'Last' }).click();
    expect(await rowCount(page)).toBe('Rows 19,901 to 20,000 of 20,000 rows');
    expect((await names(page)).at(-1)).toBe('group 0');
    await page.fill('#page', '2');
    await page.keyboard.press('Enter');
    expect((await names(page))[0]).toBe('group 19899');
    expect(complaints).toEqual([]);
  });

  test('of 100,000 rows still opens and filters', async () => {
    const { page, complaints } = await open(pageOf(many(100_000)));
    await page.check('#show-failed');
    expect(await rowCount(page)).toBe('Rows 1 to 100 of 1,000 rows (100,000 in total)');
    expect(complaints).toEqual([]);
  });

  test('can be used by keyboard alone', async () => {
    const { page } = await open(pageOf(many(250)));
    await page.focus('#search');
    await page.keyboard.type('group 24');
    expect(await rowCount(page)).toBe('11 rows (250 in total)');
    await page.keyboard.press('Escape');
    expect(await rowCount(page)).toBe('Rows 1 to 100 of 250 rows');

    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowRight');
    expect(await page.locator('input[name=show]:checked').getAttribute('value')).toBe('missing');
    expect(await rowCount(page)).toBe('3 rows (250 in total)');

    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('rows');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    expect(await page.locator('#rows th').first().getAttribute('aria-sort')).toBe('descending');
    expect((await names(page))[0]).toBe('group 207');
    const outline = await page.evaluate(
      () => getComputedStyle(document.activeElement ?? document.body).outlineStyle,
    );
    expect(outline).toBe('solid');
  });

  test.each([
    1280, 390,
  ])('nothing is cut off at a width of %i pixels: no table needs to be scrolled sideways', async (width) => {
    const groupId = 'AbCdEfGhIjKlMnOpQrStUw==';
    const id = {
      ids: { groupId },
      trackingId: 'v=2.0;clid=us02;rid=WEB_0123456789abcdef',
    };
    const detail = 'Validation Failed. name: The name is too long.';
    const more = { httpStatus: 400, code: 300, detail, ...id };
    const long = resultNamed('x'.repeat(128), 42, 'failed', more);
    const { page } = await open(pageOf([...many(40), long]));
    await page.setViewportSize({ width, height: 900 });
    const cut = await page.evaluate(() => {
      const boxes = [document.documentElement, ...document.querySelectorAll('.box, td, .command')];
      return boxes
        .filter((box) => box.scrollWidth > box.clientWidth + 1 && getComputedStyle(box).display !== 'none')
        .map((box) => `${box.tagName} ${box.id} ${box.className}`);
    });
    expect(cut).toEqual([]);
    expect(await page.locator('#missing td.id').allTextContents()).toContain(groupId);
  });

  test('on a phone no label of a chart runs into another, or out of its part', async () => {
    const pages = [2, 5, 7, 26, 400].map((seconds, i) => {
      const missing = Array.from({ length: 880 - i * 100 }, () => resultNamed('b', 3, 'not-attempted'));
      return pageOf([...many(120 + i * 3), ...missing], timelineOf(seconds, 20));
    });
    const colliding: unknown[] = [];
    for (const text of pages) {
      const { page } = await open(text);
      await page.setViewportSize({ width: 390, height: 740 });
      const found = await page.evaluate(() => {
        const span = (of: Element): { left: number; right: number } => of.getBoundingClientRect();
        const ticks = [...document.querySelectorAll('text.tick')];
        const parts = [...document.querySelectorAll('.bar g')].filter((part) => part.querySelector('text'));
        return {
          ticks: ticks.length,
          over: ticks.filter((tick, i) => i > 0 && span(tick).left <= span(ticks[i - 1] as Element).right)
            .length,
          out: parts.filter((part) => {
            const [label, box] = [part.querySelector('text'), part.querySelector('rect')];
            if (!label || !box) return true;
            return span(label).left < span(box).left || span(label).right > span(box).right;
          }).length,
        };
      });
      expect(found.ticks).toBeGreaterThan(1);
      if (found.over + found.out > 0) colliding.push(found);
      await page.close();
    }
    expect(colliding).toEqual([]);
  });

  test('on paper nothing scrolls and there are no buttons', async () => {
    const { page } = await open(pageOf(many(250)));
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('.tools:visible, #pager:visible').count()).toBe(0);
    expect(await page.locator('#rows').evaluate((box) => getComputedStyle(box).maxHeight)).toBe('none');
  });

  test('on paper names are not cut into syllables, and each sheet has its headings', async () => {
    const id = { ids: { groupId: 'x'.repeat(22) }, trackingId: 'y'.repeat(40) };
    const { page } = await open(pageOf([resultNamed('Engineering and Vertrieb', 2, 'created', id)]));
    await page.emulateMedia({ media: 'print' });
    await page.setViewportSize({ width: 680, height: 1000 });
    const shown = await page.locator('#rows').evaluate((box) => ({
      name: box.querySelector('td.name')?.getBoundingClientRect().height,
      inSheet: box.scrollWidth <= box.clientWidth,
      // What repeats a heading on the next sheet leaves out the buttons in it.
      buttons: [...box.querySelectorAll('th button')].map((button) => getComputedStyle(button).display),
    }));
    expect(shown.name).toBeLessThan(45);
    expect(shown.inSheet).toBe(true);
    expect(new Set(shown.buttons)).toEqual(new Set(['contents']));
  });

  /** Contrast as WCAG 2 defines it: text needs 4.5. */
  test.each(['light', 'dark'] as const)('every text can be read on a %s page', async (colorScheme) => {
    const all = STATUS_NAMES.map((status, i) =>
      resultNamed(`group ${i}`, i + 2, status, { detail: 'because' }),
    );
    const { page } = await open(pageOf(all, undefined, { simulated: true }));
    await page.emulateMedia({ colorScheme });
    const faint = await page.evaluate(() => {
      const channels = (color: string): number[] => (color.match(/[\d.]+/g) ?? []).map(Number);
      const light = ([r = 0, g = 0, b = 0]: number[]): number => {
        const [red = 0, green = 0, blue = 0] = [r, g, b].map((value) =>
          value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4,
        );
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
      };
      const ground = (of: Element | null): number[] => {
        if (!of) return [255, 255, 255];
        const found = channels(getComputedStyle(of).backgroundColor);
        return found[3] === 0 ? ground(of.parentElement) : found;
      };
      const texts = document.querySelectorAll('h1,h2,p,li,small,.pill,.swatch,td,th,dt,dd,label,a');
      return [...texts].flatMap((text) => {
        if (text.closest('.simulated')) return [];
        const [a = 0, b = 0] = [light(channels(getComputedStyle(text).color)), light(ground(text))];
        const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        return contrast < 4.5 ? [`${text.className} ${text.textContent}: ${contrast.toFixed(2)}`] : [];
      });
    });
    expect(faint).toEqual([]);
  });
});
