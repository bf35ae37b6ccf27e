// One browser sends many photos by the page's script. benches/soak starts the platform and cuts the connection.

import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { COMPUTER, Person, Stage, eventually, launch, origin } from "./lib.mjs";

const { PASSWORD, PHOTOS, PROJECT } = process.env;
const PATIENCE = 20 * 60_000;

const browser = await launch();
try {
  await soak(new Stage(browser, { name: "soak", width: COMPUTER }));
} catch (error) {
  console.log(error.stack);
  process.exitCode = 1;
} finally {
  await browser.close();
}

async function soak(stage) {
  const names = (await readdir(PHOTOS)).sort();
  const owner = await Person.enter(stage, "Olive Owner", origin("alder"));
  await stage.step("the owner opens the photos of a project", async () => {
    await owner.signIn("owner@alder.example", PASSWORD);
    await owner.open(`/office/projects/${PROJECT}/photos`);
    await owner.unfold("Add photos");
  });
  await stage.step(`${names.length} photos are ready`, async () => {
    await owner.field("Photos").setInputFiles(names.map((name) => join(PHOTOS, name)));
    await owner.control("button", "Add photos").click();
    const said = owner.page.locator("[data-said]");
    const words = await eventually("every photo is settled", async () => {
      const words = await said.textContent();
      return /to upload|being prepared/.test(words) ? null : words;
    }, PATIENCE);
    assert.equal(words, `${names.length} ready.`);
  });
  await stage.end();
}
