// Pages without a mouse.

import assert from "node:assert/strict";
import * as deeds from "./deeds.mjs";
import { COMPUTER, PHONE, Person } from "./lib.mjs";

/** More than any page has to go through. */
const MOST_TABS = 200;

/** Signing in without a mouse; and on the main pages everything can be reached. Gives what cannot be seen when it is. */
export async function checkKeyboard(stage, { alder, maya, ruth, record, project, portal, photo }) {
  const findings = [];
  const typist = await Person.enter(stage, "Maya at the keyboard", alder.home);
  const { keyboard } = typist.page;
  await typist.open("/sign-in");
  await keyboard.press("Tab");
  assert.equal((await focused(typist)).text, "Skip to main content");
  await keyboard.press("Enter");
  assert.ok((await typist.page.evaluate(() => document.activeElement.id)) === "main", "the skip link leads to the content");
  await tabTo(typist, "Email");
  await keyboard.type(maya.email);
  await tabTo(typist, "Password");
  await keyboard.type(deeds.PASSWORD);
  await typist.leads(() => keyboard.press("Enter"));
  assert.equal(typist.path, "/");

  await checkWalk(stage);
  for (const width of [PHONE, COMPUTER]) {
    for (const [person, path] of [
      [typist, "/"],
      [typist, "/account"],
      [typist, `${portal}/photos`],
      [typist, `${portal}/photos/${photo}`],
      [ruth, "/office"],
      [ruth, record],
      [ruth, `${project}/photos`],
    ]) {
      await person.page.setViewportSize({ width, height: 844 });
      await person.open(path);
      findings.push(...(await walk(person, `keyboard, ${path}, ${width}`)));
    }
  }
  await typist.leave();
  return findings;
}

/** A walk tells of what cannot be reached, and of a trap. */
async function checkWalk(stage) {
  const visitor = await Person.enter(stage, "A visitor of a made-up page", "about:blank");
  const content = `
    <a href="#end">A link</a> <a href="#end" tabindex="-1">An outcast</a> <a>No link</a>
    <label><input type="radio" name="size"> Small</label> <label><input type="radio" name="size" checked> Large</label>
    <fieldset disabled><input></fieldset> <input type="hidden"> <p hidden><button>Hidden</button></p>
    <details><summary>More</summary><button>Folded</button></details> <button>The end</button>`;
  await visitor.page.setContent(content);
  assert.deepEqual(await walk(visitor, "made up"), ["made up: “An outcast” cannot be reached by Tab"]);
  await visitor.page.setContent(`<button onkeydown="event.preventDefault()">A trap</button> <a href="#end">A link</a>`);
  const trapped = [`made up: ${MOST_TABS} Tabs do not reach the end`, "made up: “A link” cannot be reached by Tab"];
  assert.deepEqual(await walk(visitor, "made up"), trapped);
  await visitor.leave();
}

/** What has the focus, and whether people see it; it is remembered among what was reached. */
function focused(person, reached) {
  return person.page.evaluate((reached) => {
    const element = document.activeElement;
    if (element === document.body) return null;
    reached?.add(element);
    const label = element.labels?.[0]?.textContent ?? element.getAttribute("aria-label");
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
    // of a text on several lines the first one
    const [{ left, top, width, height }] = element.getClientRects();
    const over = document.elementFromPoint(left + width / 2, top + height / 2);
    return {
      text: (label ?? element.textContent).trim().replace(/\s+/g, " "),
      isMarked: (outlineStyle !== "none" && parseFloat(outlineWidth) > 0) || boxShadow !== "none",
      isOnTop: element.contains(over) || over?.closest("label")?.control === element,
    };
  }, reached);
}

/** What people see and could use, but did not reach; of radio buttons that belong together one is enough. */
function missed(person, reached) {
  return person.page.evaluate((reached) => {
    const usable = "a[href], area[href], button, input:not([type=hidden]), select, textarea, details > summary:first-of-type";
    const isThere = (element) =>
      element.checkVisibility({ visibilityProperty: true }) && !element.matches(":disabled") && !element.closest("[inert], [aria-hidden=true]");
    const isReached = (element) =>
      reached.has(element) ||
      (element.type === "radio" &&
        [...reached].some(({ type, name, form }) => type === "radio" && name === element.name && form === element.form));
    const named = (element) => {
      const label = element.labels?.[0]?.textContent ?? element.getAttribute("aria-label");
      return (label ?? element.textContent).trim().replace(/\s+/g, " ") || element.outerHTML;
    };
    return [...document.querySelectorAll(usable)].filter((element) => isThere(element) && !isReached(element)).map(named);
  }, reached);
}

async function tabTo(person, text) {
  for (let step = 0; step < MOST_TABS; step += 1) {
    await person.page.keyboard.press("Tab");
    if ((await focused(person))?.text.startsWith(text)) return;
  }
  assert.fail(`${text} cannot be reached by Tab`);
}

/** Goes through a page by Tab until it begins anew, and gives what people would not see or reach on the way. */
async function walk(person, where) {
  const findings = [];
  const reached = await person.page.evaluateHandle(() => new Set());
  let isAtEnd = false;
  for (let step = 0; step < MOST_TABS && !isAtEnd; step += 1) {
    await person.page.keyboard.press("Tab");
    const focus = await focused(person, reached);
    isAtEnd = !focus;
    if (focus && !focus.isMarked) findings.push(`${where}: the focus on “${focus.text}” cannot be seen`);
    if (focus && !focus.isOnTop) findings.push(`${where}: “${focus.text}” lies below something while it has the focus`);
  }
  if (!isAtEnd) findings.push(`${where}: ${MOST_TABS} Tabs do not reach the end`);
  for (const text of await missed(person, reached)) findings.push(`${where}: “${text}” cannot be reached by Tab`);
  return findings;
}
