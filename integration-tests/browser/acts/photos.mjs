// Photos from the site: how they come in, who sees them, and how people are told.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import * as deeds from "../deeds.mjs";
import { ask, clock, eventually, link, mails, tally } from "../lib.mjs";
import * as pictures from "../pictures.mjs";

const CABINETS = "The old cabinets are out";
const PIPES = "Pipes behind the sink wall";
const JOIST = "Soft joist, for the insurer";
const WRONG = "Another house, by mistake";
const SHARED = "Shared with the client";
const INTERNAL = "Internal: only your team";
const DEMOLITION = "Demolition";
const PLUMBING = "Plumbing and electrical";

export async function photos(stage, story) {
  const { ruth, dana, maya, daniel } = story;
  const gallery = `${story.portal}/photos`;
  const tab = `${story.project}/photos`;
  maya.secrets.push(JOIST, WRONG);
  daniel.secrets.push(JOIST, WRONG);

  await stage.step("ten photos come in at once, and a letter that is called one is named and refused", async () => {
    await clock.forwardTo("14:00");
    await dana.signIn(dana.email, deeds.PASSWORD);
    const [first, second] = [await pictures.dayAgo(2), await pictures.dayAgo(1)];
    story.days = [await pictures.longDay(second), await pictures.longDay(first)];
    const taken = [
      ...["09:05", "09:10", "09:15"].map((time) => `${first} ${time}`),
      ...["10:05", "10:10", "10:15", "10:20", "10:25"].map((time) => `${second} ${time}`),
    ];
    const files = [
      ...(await Promise.all(taken.map(pictures.large))),
      await pictures.heic(),
      await pictures.screenshot(dana),
      pictures.letter(),
    ];
    await dana.open(tab);
    await dana.sees("No photos here");
    await deeds.choosePhotos(dana, story.project, files);
    await deeds.sendPhotos(dana);
    if (stage.scripts) {
      await dana.page.locator("progress").first().waitFor();
      await eventually("the new photos stand in the page", () => isCount(dana.page.locator(".tiles img"), 10), 120_000);
      await dana.sees("10 ready, 1 not added", "notes.jpg Its content is not what its name says.");
    } else {
      await dana.sees("11 photos were added and are being prepared.");
    }
    await deeds.photosSettled(dana, story.project);
    await dana.sees("10 photos.", "Files that could not be used", "notes.jpg", "Its content is not what its name says.");
    await dana.press("Dismiss notes.jpg");
    await dana.sees("The refused file is off the list.");
    await dana.findsNo("notes.jpg");
  });

  await stage.step("what nobody described is not shared", async () => {
    await deeds.sortPhotos(dana, story.project, ["9:05 am"], { "Who sees them": SHARED });
    await dana.isRefused("Describe a shared photo, or give it a caption");
    assert.equal(await dana.field("Who sees them").inputValue(), "shared", "what was chosen stays chosen");
  });

  await stage.step("the manager says of many at once what they show, where they belong and who sees them", async () => {
    const sort = async (times, words) => {
      await deeds.sortPhotos(dana, story.project, times, words);
      await dana.sees(`${times.length} photos are changed.`);
    };
    const shared = (caption, Phase) => ({ caption, Phase, "Who sees them": SHARED });
    await sort(["9:05 am", "9:10 am", "9:15 am"], shared(CABINETS, DEMOLITION));
    await sort(["10:05 am", "10:10 am", "10:15 am"], shared(PIPES, PLUMBING));
    await sort(["10:20 am", "10:25 am"], { caption: JOIST, "Who sees them": INTERNAL });
    await dana.sees("10 photos.", "Shared", "Unmarked", "Internal");
    await dana.follow("Internal");
    await dana.sees("2 of 10 photos.");
    story.internal = await deeds.idsOf(dana, JOIST);
    assert.equal(story.internal.length, 2);
    await dana.open(tab);
    story.photos = await deeds.idsOf(dana, PIPES);
    assert.equal(story.photos.length, 3);
  });

  await stage.step("the client finds what is shared, and no more: on Home, by day and by phase", async () => {
    await maya.open("/");
    await maya.sees("New photos", "All 6 photos");
    assert.equal(await maya.part("New photos").root.getByRole("img").count(), 5);
    await maya.follow("All 6 photos");
    assert.equal(maya.path, gallery);
    await maya.sees("6 photos from the site. Locations are removed from every photo.", "Showing 6 of 6");
    for (const [day, phase, caption] of [
      [story.days[0], PLUMBING, PIPES],
      [story.days[1], DEMOLITION, CABINETS],
    ]) {
      await maya.part(day).sees(phase);
      assert.equal(await maya.part(day).root.getByRole("img", { name: caption }).count(), 3, day);
    }
    await maya.follow(DEMOLITION);
    await maya.sees("Showing 3 of 3");
    assert.equal(await maya.page.getByRole("img", { name: CABINETS }).count(), 3);
    await maya.open(`${story.portal}/progress`);
    const now = maya.page.locator("[aria-current=step]");
    assert.equal(await now.getByRole("img", { name: CABINETS }).count(), 3, "the phase shows its newest photos");
  });

  await stage.step("she opens one, goes on and back, and takes it home without what the phone knew", async () => {
    await maya.open(gallery);
    await maya.follow(DEMOLITION);
    await maya.follow(CABINETS);
    await maya.sees("1 of 3", CABINETS, "9:15 am", dana.name, DEMOLITION);
    await maya.follow("Next photo");
    await maya.sees("2 of 3", "9:10 am");
    await maya.follow("Previous photo");
    await maya.sees("1 of 3");
    const close = "Close, back to all photos";
    if (stage.scripts) {
      await maya.leads(() => maya.page.keyboard.press("ArrowRight"));
      await maya.sees("2 of 3");
    }

    const [download] = await Promise.all([
      maya.page.waitForEvent("download"),
      maya.control("link", "Download this photo").click(),
    ]);
    assert.match(download.suggestedFilename(), /^Kitchen remodel \d{4}-\d{2}-\d{2} [0-9a-f]{4}\.jpg$/);
    const file = await readFile(await download.path());
    assert.equal(file.readUInt16BE(0), 0xffd8, "it is a JPEG");
    for (const word of ["Exif", pictures.SERIAL]) assert.ok(!file.includes(word), `a download tells no ${word}`);
    tally.downloads += 1;
    const [width, height] = await maya.page.locator("main img").evaluate((image) => [image.naturalWidth, image.naturalHeight]);
    assert.ok(height > width, "it stands on end, as the phone was held");

    if (stage.scripts) await maya.leads(() => maya.page.keyboard.press("Escape"));
    else await maya.follow(close);
    assert.ok(maya.path.startsWith(`${gallery}?phase=`), `${maya.path} is the gallery as it was left`);
    const { status, headers } = await maya.fetch(`${gallery}/${story.photos[0]}/640.jpg`);
    assert.deepEqual([status, headers["content-type"]], [200, "image/jpeg"]);
  });

  await stage.step("what is not for her is not there, under no address", async () => {
    for (const id of story.internal) await isGone(maya, gallery, id);
  });

  await stage.step("one is hidden before the mail goes: a quarter of an hour later it tells of the others", async () => {
    const [hidden] = story.photos;
    await dana.open(`${tab}/${hidden}`);
    await dana.fill({ Caption: WRONG });
    await dana.choose({ "Who sees it": INTERNAL });
    await dana.press("Save photo");
    await dana.sees("The photo is saved.");
    await isGone(maya, gallery, hidden);

    await clock.forward({ minutes: 16 });
    const mail = await mails.next(maya.email, "new photo");
    assert.equal(mail.subject, "5 new photos of Kitchen remodel");
    for (const part of [dana.name, CABINETS, PIPES]) assert.ok(mail.text.includes(part), `${part} in ${mail.text}`);
    assert.equal(new URL(link(mail, "/p/")).pathname, gallery);
    await maya.open("/");
    assert.equal(await maya.badge(), 1);
    await maya.sees("All 5 photos", `${dana.name} added 5 photos`);
    await maya.follow("Activity");
    await maya.sees(`${dana.name} added 5 photos`, "1 new");
  });

  await stage.step("who reads once a day finds them in the summary", async () => {
    await clock.forwardTo("08:01");
    const mail = await mails.next(daniel.email, "Your summary for");
    assert.ok(mail.text.includes("5 new photos"), mail.text);
    assert.equal((await mails.to(maya.email, "new photo")).length, 1, "and nobody is told twice");
  });

  await stage.step("photos are hidden: gallery, tab, news and files are gone with the next click", async () => {
    await ruth.signIn(ruth.email, deeds.PASSWORD);
    await deeds.show(ruth, story.project, { Photos: "None" });
    await maya.open("/");
    await maya.findsNo("/photos", "New photos", /\d photos/);
    assert.equal(await maya.badge(), 0);
    await maya.open("/activity");
    await maya.findsNo("/photos", /\d photos/);
    await maya.open(`${story.portal}/progress`);
    await maya.findsNo("/photos", CABINETS);
    await maya.isAbsent(gallery);
    for (const id of story.photos) await isGone(maya, gallery, id);
  });

  await stage.step("they come back when they are shown again, and are marked as seen", async () => {
    await deeds.show(ruth, story.project, { Photos: "Selected" });
    await maya.open("/");
    await maya.sees("All 5 photos");
    assert.equal(await maya.badge(), 1);
    await maya.follow("Activity");
    await maya.press("Mark all as seen");
    assert.equal(await maya.badge(), 0);
  });
}

/** What the office does to photos afterwards, and what crew may do. */
export async function album(stage, story) {
  const { alder, birch, ruth, dana, luis, maya } = story;
  const gallery = `${story.portal}/photos`;
  const tab = `${story.project}/photos`;

  await stage.step("two photos go into the trash and come back", async () => {
    await dana.signIn(dana.email, deeds.PASSWORD);
    await dana.open(tab);
    const trashed = await deeds.idsOf(dana, PIPES);
    assert.equal(trashed.length, 2);
    await deeds.selectPhotos(dana, PIPES);
    await dana.press("Move to trash");
    await dana.sees("2 photos are in the trash for 30 days. Nobody sees them any more.");
    await maya.open(gallery);
    await maya.sees("3 photos from the site");
    for (const id of trashed) await isGone(maya, gallery, id);

    await dana.press("Undo");
    await dana.sees("2 photos are back where they were.");
    await maya.open(gallery);
    await maya.sees("5 photos from the site");
  });

  await stage.step("one is put there on its own page, and brought back from the trash", async () => {
    const [id] = await deeds.idsOf(dana, PIPES);
    await dana.open(`${tab}/${id}`);
    await dana.press("Move this photo to the trash");
    await dana.sees("The photo is in the trash for 30 days.");
    await dana.follow("Trash");
    await deeds.selectPhotos(dana, PIPES);
    await dana.press("Restore the selected");
    await dana.sees("The photo is back where it was.");
    assert.equal((await maya.fetch(`${gallery}/${id}/320.jpg`)).status, 200);
  });

  await stage.step("crew add photos where they work, see their own, and share none", async () => {
    const caption = "Rafters before the rain";
    const [foreign] = story.photos;
    maya.secrets.push(caption);
    await luis.signIn(luis.email, deeds.PASSWORD);
    await luis.open(tab);
    await luis.sees("No photos here");
    await luis.findsNo(PIPES, CABINETS, SHARED);
    await deeds.addPhotos(luis, story.project, [await pictures.small(`${await pictures.dayAgo(0)} 07:30`)], { caption });
    await luis.sees("1 photo.", "Unmarked");
    await luis.findsNo(PIPES, CABINETS);
    await luis.isAbsent(`${tab}/${foreign}`);
    await luis.isAbsent(`${story.studio}/photos`);
    assert.equal((await luis.fetch(`${gallery}/${foreign}/640.jpg`)).status, 404);
    await dana.open(tab);
    await dana.sees("11 photos.");
    assert.equal((await deeds.idsOf(dana, caption)).length, 1, "the manager sees what crew added");
    await maya.open(gallery);
    await maya.sees("5 photos from the site");
  });

  if (stage.scripts) {
    await stage.step("an answer is lost on its way: the file is sent again, and there is one photo of it", async () => {
      const taken = `${await pictures.dayAgo(0)} 07:45`;
      const sent = [];
      dana.page.on("request", (request) => {
        const address = new URL(request.url());
        if (address.pathname.endsWith("/photos/upload")) sent.push(address.searchParams.get("request_id"));
      });
      await deeds.choosePhotos(dana, story.project, [await pictures.large(taken)]);
      await loseAnAnswer(dana);
      await deeds.sendPhotos(dana);
      await dana.page.getByText("The connection was lost. Trying again").waitFor();
      await deeds.photosSettled(dana, story.project);
      await dana.sees("12 photos.");
      assert.equal((await deeds.idsOf(dana, "7:45 am")).length, 1);
      assert.deepEqual(sent, [sent[0], sent[0]], "the file keeps its id");
    });
  }

  await stage.step("the owner's logo stands on every page of the company, and on none of another", async () => {
    await deeds.saveLogo(ruth, pictures.logo());
    await maya.open("/");
    const logo = await maya.page.getByRole("img", { name: alder.name }).first().getAttribute("src");
    const { status, headers } = await ask("GET", new URL(logo, alder.home));
    assert.deepEqual([status, headers["content-type"]], [200, "image/png"], "anybody may see it");
    assert.equal((await ask("GET", new URL(logo, birch.home))).status, 404);
    const { body } = await ask("GET", `${alder.home}/sign-in`);
    assert.ok(body.includes(logo), "who is not signed in sees it too");
  });
}

/** Loses one answer on its way back: the server has the file, and the browser does not know. */
async function loseAnAnswer({ page }) {
  const browser = await page.context().newCDPSession(page);
  let isLost = false;
  browser.on("Fetch.requestPaused", ({ requestId }) => {
    if (isLost) return browser.send("Fetch.continueRequest", { requestId });
    isLost = true;
    return browser.send("Fetch.failRequest", { requestId, errorReason: "ConnectionReset" });
  });
  const patterns = [{ urlPattern: "*/photos/upload?*", requestStage: "Response" }];
  await browser.send("Fetch.enable", { patterns });
}

const isCount = async (found, count) => (await found.count()) === count;

/** Asserts that a photo's page and files are not there. */
async function isGone(person, gallery, id) {
  await person.isAbsent(`${gallery}/${id}`);
  for (const file of ["320.jpg", "1600.jpg", "download"]) {
    const { status } = await person.fetch(`${gallery}/${id}/${file}`);
    assert.equal(status, 404, `${person.name} gets no ${file} of ${id}`);
  }
}
