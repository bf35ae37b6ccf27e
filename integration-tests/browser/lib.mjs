// What the browser tests share: the platform's addresses, its clock, its mails, people with a browser of their own, and
// steps that say where a test stands.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { chromium } from "playwright-core";

const PORT = setting("PORTAL_PORT");
const MAILS = new URL(setting("MAILS"));
const CONTROLS = setting("CONTROLS").split(",");

const MINUTE = 60_000;
const ACTION_PATIENCE = 10_000;
const MAIL_PATIENCE = 30_000;
const LOOK_AGAIN = 150;

export const ZONE = "America/Los_Angeles";
export const PHONE = 390;
export const COMPUTER = 1280;

/** A setting, which the test that started the platform gives. */
export function setting(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: start these tests by cargo test, which starts the platform`);
  return value;
}

/** The address of an organization, or of the base domain. */
export const origin = (slug) => `http://${slug ? `${slug}.` : ""}localhost:${PORT}`;

/** The browser: the one that is named, or the first that is installed; one without windows needs half the time. */
export const CHROMIUM =
  process.env.CHROME_PATH ??
  ["chromium-headless-shell", "chromium", "google-chrome", "chromium-browser"].map((name) => `/usr/bin/${name}`).find((path) => existsSync(path));

export const CHROMIUM_FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const launch = () => chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_FLAGS });

/** Says what a script went through, for the note that a promise is proved: the test that started it reads this line. */
export const counted = (promise, words) => console.log(`counted ${promise}: ${words}`);

/** How often the acts of the story did what promises are proved by, in all runs. */
export const tally = { looks: 0, downloads: 0 };

/** One request without a browser, as mail scanners make them: gives status, headers and body, and follows nothing. */
export function ask(method, address, cookie = "") {
  const { host, pathname, search } = new URL(address);
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port: PORT, method, path: pathname + search, headers: { host, cookie } };
    const request = http.request(options, (response) => {
      const parts = [];
      response.on("data", (part) => parts.push(part));
      response.on("end", () => {
        const { statusCode: status, headers } = response;
        resolve({ status, headers, body: Buffer.concat(parts) });
      });
    });
    request.on("error", reject);
    request.end();
  });
}

/** Asks until the answer is there. */
export async function eventually(what, find, patience = MAIL_PATIENCE) {
  const end = Date.now() + patience;
  for (;;) {
    const found = await find();
    if (found) return found;
    if (Date.now() > end) assert.fail(`${what}: not within ${patience / 1000} s`);
    await sleep(LOOK_AGAIN);
  }
}

/** The clock of the whole platform; it only goes forward. */
export const clock = {
  async now() {
    const answer = await fetch(`http://${CONTROLS[0]}/clock`);
    return new Date(await answer.text());
  },

  async set(time) {
    const moved = CONTROLS.map(async (control) => {
      const answer = await fetch(`http://${control}/clock`, { method: "PUT", body: time.toISOString() });
      assert.ok(answer.ok, `the clock at ${control} moves`);
    });
    await Promise.all(moved);
  },

  async forward({ days = 0, hours = 0, minutes = 0 }) {
    const now = await this.now();
    await this.set(new Date(now.getTime() + ((days * 24 + hours) * 60 + minutes) * MINUTE));
  },

  /** Goes on to the next time that clocks in the zone show this hour and minute, such as "08:05". */
  async forwardTo(hourAndMinute, zone = ZONE) {
    const shown = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit" });
    let time = Math.ceil((await this.now()).getTime() / MINUTE) * MINUTE;
    while (shown.format(time) !== hourAndMinute) time += MINUTE;
    await this.set(new Date(time));
  },
};

/** Every mail that the platform sent. */
export const mails = {
  read: new Set(),

  async to(address, subject = "") {
    const query = new URLSearchParams({ to: address, subject });
    const answer = await fetch(new URL(`api/mails?${query}`, MAILS));
    return answer.json();
  },

  /** The next mail to this address with this in its subject, which nobody took yet. */
  async next(address, subject) {
    const mail = await eventually(`a mail to ${address} about “${subject}”`, async () => {
      const found = await this.to(address, subject);
      return found.find(({ id }) => !this.read.has(id));
    });
    this.read.add(mail.id);
    return mail;
  },

  /** How the mail server answers mail to this address from now on: accept, refuse_for_now or refuse_for_good. */
  async answer(pattern, answer) {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ pattern, answer });
    const taken = await fetch(new URL("api/answer", MAILS), { method: "POST", headers, body });
    assert.ok(taken.ok, "the mail server takes its orders");
  },
};

/** The first link of a mail to a path that begins like this. */
export function link(mail, path) {
  const found = mail.links.find((address) => new URL(address).pathname.startsWith(path));
  assert.ok(found, `${mail.subject} has a link to ${path}: ${mail.links.join(" ")}`);
  return found;
}

/** Words by their beginning: a hint, or what is only read aloud, may follow. */
function beginning(words) {
  return new RegExp(`^${words.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`);
}

/** A part of a page: what people find by its words and use. */
class Part {
  constructor(person, root) {
    this.person = person;
    this.root = root;
  }

  /** A part of it that has a name of its own. */
  part(name) {
    const named = (role) => this.root.getByRole(role, { name, exact: true });
    return new Part(this.person, named("region").or(named("article")));
  }

  /** Fields or buttons that belong together. */
  group(name) {
    return new Part(this.person, this.root.getByRole("group", { name }));
  }

  /** What unfolds below a summary. */
  fold(summary) {
    return new Part(this.person, this.root.locator("details").filter({ has: this.summary(summary) }).last());
  }

  summary(words) {
    return this.root.page().locator("summary", { hasText: words });
  }

  /** The row of a table or the item of a list that has this text. */
  row(text) {
    const rows = this.root.getByRole("row").or(this.root.getByRole("listitem")).or(this.root.getByRole("article"));
    return new Part(this.person, rows.filter({ hasText: text }).first());
  }

  field(label) {
    const fields = this.root.locator("input, select, textarea").filter({ visible: true });
    return fields.and(this.root.getByLabel(label, { exact: true }));
  }

  /** A button, a link, a check box or a radio by how its words begin. */
  control(role, words) {
    return this.root.getByRole(role, { name: beginning(words) });
  }

  /** Types into fields by their labels. */
  async fill(fields) {
    for (const [label, value] of Object.entries(fields)) await this.field(label).fill(value);
  }

  /** Chooses from selects by their labels. */
  async choose(choices) {
    for (const [label, option] of Object.entries(choices)) await this.field(label).selectOption({ label: option });
  }

  async tick(...words) {
    for (const start of words) await this.control("checkbox", start).check();
  }

  async untick(...words) {
    for (const start of words) await this.control("checkbox", start).uncheck();
  }

  /** Picks one of several in the group with this name. */
  async pick(group, words) {
    await this.group(group).control("radio", words).check();
  }

  /** Opens what is folded. */
  async unfold(summary) {
    await this.root.locator("summary", { hasText: summary }).click();
    return this.fold(summary);
  }

  /** Presses a button and waits for the page to which it leads. */
  async press(words) {
    await this.person.leads(() => this.control("button", words).first().click());
  }

  /** Follows a link. */
  async follow(words) {
    await this.person.leads(() => this.control("link", words).first().click());
  }

  /** What can be read here, on one line. */
  async words() {
    return (await this.root.innerText()).replace(/\s+/g, " ");
  }

  async sees(...texts) {
    const words = (await this.words()).toLowerCase();
    for (const text of texts) {
      assert.ok(words.includes(text.toLowerCase()), `${this.person.name} sees “${text}” in: ${words}`);
    }
  }
}

/** Somebody with a browser of their own. */
export class Person extends Part {
  /** `stage` says which width and whether scripts run; `home` is the address of the organization. */
  static async enter(stage, name, home, { width = stage.width, scheme = "light" } = {}) {
    const context = await stage.browser.newContext({
      baseURL: home,
      viewport: { width, height: width < 700 ? 844 : 900 },
      javaScriptEnabled: stage.scripts,
      colorScheme: scheme,
      reducedMotion: "reduce",
      locale: "en-US",
      timezoneId: ZONE,
    });
    context.setDefaultTimeout(ACTION_PATIENCE);
    const person = new Person(await context.newPage(), name, home);
    person.hasScripts = stage.scripts;
    stage.people.push(person);
    return person;
  }

  constructor(page, name, home) {
    super(null, page.locator("body"));
    this.person = this;
    this.page = page;
    this.name = name;
    this.home = home;
    /** Every document that the browser got: its address, status and source. */
    this.documents = [];
    this.scripts = 0;
    this.troubles = [];
    /** What must never stand in any page of this person. */
    this.secrets = [];
    this.watch();
  }

  watch() {
    const { page, troubles } = this;
    page.on("pageerror", (error) => troubles.push(`a script failed: ${error.message}`));
    page.on("console", (message) => {
      // a refused form or an absent page is told there as well, and is expected where a test asks for it
      const isStatus = message.text().startsWith("Failed to load resource");
      if (message.type() === "error" && !isStatus) troubles.push(`the console says: ${message.text()}`);
    });
    page.on("request", (request) => {
      const { protocol, hostname, port } = new URL(request.url());
      const isOurs = /^([a-z0-9-]+\.)?localhost$/.test(hostname) && port === PORT;
      if (protocol !== "data:" && !isOurs) troubles.push(`a page asks ${request.url()}`);
    });
    page.on("response", (response) => {
      const kind = response.request().resourceType();
      const { url, status } = { url: response.url(), status: response.status() };
      if (kind === "script") this.scripts += 1;
      if (kind !== "document" && status >= 400) troubles.push(`${url} answers ${status}`);
      if (kind === "document" && (status < 300 || status >= 400)) {
        // the browser forgets it when the window is closed
        this.documents.push({ url, status, source: response.text().catch(() => "") });
      }
    });
  }

  /** Does what leads to another page and waits until it is there. */
  async leads(action) {
    const [response] = await Promise.all([
      this.page.waitForResponse(
        (response) =>
          response.request().resourceType() === "document" && (response.status() < 300 || response.status() >= 400),
      ),
      action(),
    ]);
    await response.finished();
    await this.page.waitForLoadState("load");
  }

  /** Goes to an address of the organization and gives the status. */
  async open(path) {
    const response = await this.page.goto(path);
    return response.status();
  }

  /** Asks for a file as the browser would, past what the browser has kept. */
  async fetch(path) {
    const { href, hostname } = new URL(path, this.home);
    const cookies = await this.page.context().cookies();
    const own = cookies.filter(({ domain }) => domain === hostname);
    return ask("GET", href, own.map(({ name, value }) => `${name}=${value}`).join("; "));
  }

  /** The path of the page. */
  get path() {
    const { pathname, search } = new URL(this.page.url());
    return pathname + search;
  }

  get status() {
    return this.documents.at(-1).status;
  }

  /** The page as it was sent. */
  get source() {
    return this.documents.at(-1).source;
  }

  /** Goes to a page by the main navigation, which is a menu on phones of the office. */
  async go(name) {
    const phone = this.page.getByText("Menu", { exact: true });
    if (await phone.isVisible()) await phone.click();
    const main = this.page.getByRole("navigation", { name: /^Main/ });
    await this.leads(() => main.getByRole("link", { name }).first().click());
  }

  /** Asserts that nothing like it stands in the page, seen or unseen. */
  async findsNo(...texts) {
    const source = await this.source;
    assert.ok(source.includes("</html>"), `the source of ${this.path} is whole`);
    for (const text of texts) {
      const found = text instanceof RegExp ? text.test(source) : source.includes(text);
      assert.ok(!found, `${this.name} must not find “${text}” at ${this.path}`);
    }
  }

  /** Asserts that a form was refused: what is wrong stands on top and at its field. */
  async isRefused(text) {
    assert.equal(this.status, 422, `${this.name} is told what is wrong at ${this.path}`);
    await this.sees("There is a problem", text);
    assert.match(await this.page.title(), /^Error: /);
  }

  /** Asserts that there is no such page for this person. */
  async isAbsent(path) {
    assert.equal(await this.open(path), 404, `${this.name} finds nothing at ${path}`);
  }

  /** How many new things the bell of a client tells of. */
  async badge() {
    const bell = this.page.getByRole("link", { name: /^Activity/ }).first();
    const label = (await bell.getAttribute("aria-label")) ?? (await bell.innerText());
    return Number(label.match(/\d+/)?.[0] ?? 0);
  }

  async signIn(email, password) {
    await this.open("/sign-in");
    await this.fill({ Email: email, Password: password });
    await this.press("Sign in");
  }

  /** What went wrong unseen: in scripts, by other addresses, or a secret that came through. */
  async findings() {
    const findings = [...this.troubles];
    for (const { url, source } of this.documents) {
      const text = await source;
      for (const secret of this.secrets) {
        const found = secret instanceof RegExp ? secret.test(text) : text.includes(secret);
        if (found) findings.push(`${url} tells “${secret}”`);
      }
    }
    return findings.map((finding) => `${this.name}: ${finding}`);
  }

  leave() {
    return this.page.context().close();
  }
}

/** One run of a test: a width, with or without scripts, and everybody who takes part. */
export class Stage {
  constructor(browser, { name, width = COMPUTER, scripts = true }) {
    Object.assign(this, { browser, name, width, scripts, people: [] });
  }

  /** Does one step, prints how long it took, and keeps what everybody saw where it fails. */
  async step(title, work) {
    const begin = performance.now();
    try {
      await work();
      for (const person of this.people) assert.deepEqual(await person.findings(), []);
    } catch (error) {
      console.log(`${this.name}  FAILED  ${title}`);
      console.log(await this.evidence());
      throw error;
    }
    const seconds = ((performance.now() - begin) / 1000).toFixed(1).padStart(6);
    console.log(`${this.name} ${seconds} s  ${title}`);
  }

  async evidence() {
    const folder = await mkdtemp(join(tmpdir(), "contractoros-"));
    for (const { name, page } of this.people.filter(({ page }) => !page.isClosed())) {
      const file = join(folder, name.replace(/\W+/g, "-").toLowerCase());
      await writeFile(`${file}.html`, `<!-- ${page.url()} -->\n${await page.content()}`);
      await page.screenshot({ path: `${file}.png`, fullPage: true });
    }
    return `what everybody saw last: ${folder}`;
  }

  async end() {
    for (const person of this.people) await person.leave();
  }
}
