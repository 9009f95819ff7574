/** A headless Chromium, driven over its own protocol. The project does not bring one: it is found by a variable or on the PATH. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Returns the path of a Chromium; undefined if there is none. */
export function findChromium({ KAFKA_TLS_TEST_CHROMIUM: named, PATH = '' }: NodeJS.ProcessEnv = process.env): string | undefined {
  if (named !== undefined && named !== '') return named;
  const candidates = PATH.split(path.delimiter).flatMap((folder) => NAMES.map((name) => path.join(folder, name)));
  return candidates.find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

/** How a page is looked at. */
export interface View {
  readonly width: number;
  readonly scheme?: 'light' | 'dark';
  readonly media?: 'screen' | 'print';
}

export class Chromium {
  private constructor(
    private readonly child: ChildProcess,
    private readonly profile: string,
    private readonly address: string,
  ) {}

  static async start(executable: string): Promise<Chromium> {
    const profile = mkdtempSync(path.join(tmpdir(), 'chromium-'));
    const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--remote-debugging-port=0', '--no-first-run'];
    const child = spawn(executable, [...flags, `--user-data-dir=${profile}`, 'about:blank'], { stdio: ['ignore', 'ignore', 'pipe'] });
    for await (const line of createInterface({ input: child.stderr })) {
      const [, address] = /DevTools listening on ws:\/\/([\d.:]+)\//.exec(line) ?? [];
      if (address === undefined) continue;
      child.stderr.resume();
      return new Chromium(child, profile, address);
    }
    throw new Error(`${executable}: ended before it listened`);
  }

  /** Opens a page and waits until it is loaded. */
  async open(url: string, view: View): Promise<Page> {
    const answer = await fetch(`http://${this.address}/json/new?about:blank`, { method: 'PUT' });
    const { webSocketDebuggerUrl } = (await answer.json()) as { readonly webSocketDebuggerUrl: string };
    const page = await Page.connect(webSocketDebuggerUrl);
    await page.show(view);
    await page.navigate(url);
    return page;
  }

  async stop(): Promise<void> {
    const closed = once(this.child, 'close');
    this.child.kill();
    await closed;
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

export class Page {
  /** Errors that the page reported, and requests that it made. */
  readonly problems: string[] = [];
  readonly requests: string[] = [];
  private lastId = 0;
  private readonly waiting = new Map<number, (message: Message) => void>();
  private onLoad: () => void = () => {};

  private constructor(private readonly socket: WebSocket) {
    socket.addEventListener('message', ({ data }) => this.receive(JSON.parse(String(data)) as Message));
  }

  static async connect(url: string): Promise<Page> {
    const socket = new WebSocket(url);
    await once(socket, 'open');
    const page = new Page(socket);
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await page.send(`${domain}.enable`);
    return page;
  }

  async show({ width, scheme = 'light', media = 'screen' }: View): Promise<void> {
    await this.send('Emulation.setDeviceMetricsOverride', { width, height: 800, deviceScaleFactor: 1, mobile: width < 500 });
    await this.send('Emulation.setEmulatedMedia', { media, features: [{ name: 'prefers-color-scheme', value: scheme }] });
  }

  async navigate(url: string): Promise<void> {
    const loaded = new Promise<void>((resolve) => {
      this.onLoad = resolve;
    });
    await this.send('Page.navigate', { url });
    await loaded;
  }

  /** Returns the value of an expression in the page. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true });
    assert.equal(exceptionDetails, undefined, JSON.stringify(exceptionDetails));
    return (result as { readonly value: T }).value;
  }

  /** Types text, as a person does. */
  async type(text: string): Promise<void> {
    await this.send('Input.insertText', { text });
  }

  async press(key: string): Promise<void> {
    await this.send('Input.dispatchKeyEvent', {
      type: 'keyDown',
      key,
      code: key,
      windowsVirtualKeyCode: key === 'Tab' ? 9 : 13,
      text: key === 'Enter' ? '\r' : '',
    });
    await this.send('Input.dispatchKeyEvent', { type: 'keyUp', key, code: key });
  }

  /** Returns a picture of the whole page, as PNG. */
  async screenshot(): Promise<Buffer> {
    const { data } = await this.send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: true });
    return Buffer.from(String(data), 'base64');
  }

  /** Returns the page as PDF, as the print dialog makes it. */
  async pdf(): Promise<Buffer> {
    const { data } = await this.send('Page.printToPDF', { printBackground: false, preferCSSPageSize: true });
    return Buffer.from(String(data), 'base64');
  }

  close(): void {
    this.socket.close();
  }

  private send(method: string, params: object = {}): Promise<Readonly<Record<string, unknown>>> {
    const id = ++this.lastId;
    this.socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve, reject) => {
      this.waiting.set(id, ({ error, result = {} }) =>
        error === undefined ? resolve(result) : reject(new Error(`${method}: ${error.message}`)),
      );
    });
  }

  private receive(message: Message): void {
    const { id, method, params = {} } = message;
    if (id !== undefined) {
      this.waiting.get(id)?.(message);
      this.waiting.delete(id);
    } else if (method === 'Page.loadEventFired') this.onLoad();
    else if (method === 'Runtime.exceptionThrown' || method === 'Runtime.consoleAPICalled' || method === 'Log.entryAdded') {
      this.problems.push(JSON.stringify(params));
    } else if (method === 'Network.requestWillBeSent') {
      this.requests.push((params.request as { readonly url: string }).url);
    }
  }
}
