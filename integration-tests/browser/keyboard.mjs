// Pages without a mouse.

import assert from "node:assert/strict";
import * as deeds from "./deeds.mjs";
import { COMPUTER, PHONE, Person } from "./lib.mjs";

/** More than any page has to go through. */
const MOST_TABS = 80;

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

/** What has the focus, and whether people see it. */
function focused(person) {
  return person.page.evaluate(() => {
    const element = document.activeElement;
    if (element === document.body) return null;
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
  });
}

async function tabTo(person, text) {
  for (let step = 0; step < MOST_TABS; step += 1) {
    await person.page.keyboard.press("Tab");
    if ((await focused(person))?.text.startsWith(text)) return;
  }
  assert.fail(`${text} cannot be reached by Tab`);
}

/** Goes through a page by Tab until it begins anew, and gives what people would not see on the way. */
async function walk(person, where) {
  const findings = [];
  for (let step = 0; step < MOST_TABS; step += 1) {
    await person.page.keyboard.press("Tab");
    const focus = await focused(person);
    if (!focus) break;
    if (!focus.isMarked) findings.push(`${where}: the focus on “${focus.text}” cannot be seen`);
    if (!focus.isOnTop) findings.push(`${where}: “${focus.text}” lies below something while it has the focus`);
  }
  return findings;
}
