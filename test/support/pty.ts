/** The built command in a real terminal, with typed input. */
import { spawn, spawnSync } from 'node:child_process';
import { CLI } from './command.js';

const PTY = `
import fcntl, os, pty, struct, sys, termios
columns, awaited, answer = int(sys.argv[1]), sys.argv[2].encode(), sys.argv[3].encode()
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', 24, columns, 0, 0))
    os.execvp(sys.argv[4], sys.argv[4:])
seen = b''
while True:
    try:
        piece = os.read(fd, 65536)
    except OSError:
        break
    if not piece:
        break
    sys.stdout.buffer.write(piece)
    seen += piece
    if awaited and awaited in seen:
        awaited = b''
        os.write(fd, answer)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

/** Whether this machine can open one. */
export const hasPty: boolean =
  spawnSync('python3', ['-c', 'import pty, os; os.waitstatus_to_exitcode']).status === 0;

export type Typed = {
  readonly columns?: number;
  readonly cwd: string;
  /** What is typed as soon as that text is on the screen. */
  readonly answer?: { readonly to: string; readonly with: string };
};

/** Runs `zoom-im-groups …` there; `text` is all that came to the screen. */
export function inPty(
  args: readonly string[],
  { columns = 80, cwd, answer = { to: '', with: '' } }: Typed,
): Promise<{ code: number | null; text: string }> {
  return new Promise((done, failed) => {
    const env = { PATH: process.env.PATH, HOME: cwd, XDG_STATE_HOME: cwd, TERM: 'xterm-256color' };
    const typed = [String(columns), answer.to, answer.with, process.execPath, CLI, ...args];
    const child = spawn('python3', ['-c', PTY, ...typed], { cwd, env, timeout: 25_000 });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
    });
    child.on('error', failed);
    child.on('close', (code) => done({ code, text }));
  });
}
