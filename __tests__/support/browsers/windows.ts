import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { launchChromium, openWindow } from './chromium';

/** A window with a profile of its own: no cookies of another window or of an earlier test. */
export interface TestWindow {
  readonly context: BrowserContext;
  /** An empty tab. */
  newTab(): Promise<Page>;
}

interface KnownWindow {
  readonly key: string;
  readonly context: BrowserContext;
  /** The tabs that tests have opened. */
  readonly tabs: Set<Page>;
  /** Those that no test uses now. */
  free: Page[];
  isFree: boolean;
}

/** The windows of one Chromium. They serve one test after another: a new one takes longer than most tests. */
export class Windows {
  readonly #known: KnownWindow[] = [];

  private constructor(
    readonly chromium: Browser,
    private readonly onNewTab: (page: Page) => void,
  ) {}

  /** @param onNewTab is called once for each tab, before a test uses it */
  static async launch(onNewTab: (page: Page) => void = () => undefined): Promise<Windows> {
    return new Windows(await launchChromium(), onNewTab);
  }

  async open(options: BrowserContextOptions): Promise<TestWindow> {
    const key = JSON.stringify(options);
    let found = this.#known.find((each) => each.isFree && each.key === key);
    if (!found) {
      found = {
        key,
        context: await openWindow(this.chromium, options),
        tabs: new Set(),
        free: [],
        isFree: true,
      };
      found.context.on('page', this.onNewTab);
      this.#known.push(found);
    }
    const window = found;
    window.isFree = false;
    return {
      context: window.context,
      newTab: async () => {
        const tab = window.free.shift() ?? (await window.context.newPage());
        window.tabs.add(tab);
        return tab;
      },
    };
  }

  /** Ends a test: empties its tabs, deletes its cookies and routes, and lets the next test have the windows. */
  async free(): Promise<void> {
    await Promise.all(
      this.#known
        .filter(({ isFree }) => !isFree)
        .map(async (window) => {
          const pages = window.context.pages();
          const free = pages.filter((page) => window.tabs.has(page));
          // A route of a test must not serve the next one.
          await Promise.all(free.map((page) => page.unrouteAll()));
          // A tab that a page has opened keeps a reference to that page.
          await Promise.all(
            pages.map((page) => (free.includes(page) ? page.goto('about:blank') : page.close())),
          );
          await window.context.clearCookies();
          Object.assign(window, { free, isFree: true });
        }),
    );
  }

  close(): Promise<void> {
    return this.chromium.close();
  }
}
