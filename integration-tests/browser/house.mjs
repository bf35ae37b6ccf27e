// The organization through which the survey of pages walks.

import * as deeds from "./deeds.mjs";
import { Person, clock, eventually, link, mails } from "./lib.mjs";
import * as pictures from "./pictures.mjs";

/** More than a page of the gallery has. */
const PHOTOS = 26;

/** An organization in which every page has something to show, and a new one in which none has. */
export async function furnish(stage) {
  const house = { stage, alder: deeds.contractor("Alder Builders", "alder", { mark: "kingfisher" }) };
  const { alder } = house;
  const empty = deeds.contractor("Hazel Carpentry", "hazel", { mark: "wren" });
  const enter = async (key, name, company = alder) => {
    const person = await Person.enter(stage, name, company.home);
    house[key] = Object.assign(person, { email: `${key}@${company.slug}.example` });
  };
  await enter("guest", "A guest");
  await enter("ruth", "Ruth Finch");
  await enter("dana", "Dana Reyes");
  await enter("luis", "Luis Ortega");
  await enter("maya", "Maya Okafor");
  await enter("ines", "Ines Moreau");
  await enter("hal", "Hal Brandt");
  await enter("nora", "Nora Hazel", empty);
  const { ruth, dana, luis, maya, ines, hal, nora } = house;

  await clock.forwardTo("10:00");
  await stage.step("an invitation that nobody opens for two weeks", async () => {
    await deeds.signUp(ruth, alder);
    house.confirmation = link(await mails.next(ruth.email, "Confirm your email address"), "/confirm/");
    await ruth.open(house.confirmation);
    await ruth.press("Confirm");
    await deeds.saveCompany(ruth, alder);
    house.record = await deeds.addClient(ruth, {
      name: "Maya and Daniel Okafor",
      phone: "(503) 555-0177",
      status: "Active client",
      source: "Referral",
      tags: "kitchen, referral",
      notes: "Their dog fears drills.",
      address: { Street: "214 Larkspur Lane", City: "Portland", State: "OR", "ZIP code": "97214" },
    });
    await deeds.addPerson(ruth, house.record, { ...hal, phone: "", relation: "Architect" });
    await deeds.giveAccess(ruth, house.record, { ...hal, rights: [] });
    house.expired = link(await mails.next(hal.email, "your project portal"), "/invite/");
    await clock.forward({ days: 15 });
    await ruth.signIn(ruth.email, deeds.PASSWORD);
  });

  await stage.step("a team, a client and a project", async () => {
    await deeds.joinTeam(ruth, dana, "Project manager");
    await deeds.joinTeam(ruth, luis, "Crew");
    await deeds.addPerson(ruth, house.record, { ...maya, phone: "(503) 555-0178", relation: "", isMain: true });
    house.project = await deeds.startProject(ruth, {
      client: "Maya and Daniel Okafor",
      name: "Kitchen remodel",
      type: "Kitchen",
      template: "Kitchen remodel",
      manager: dana.name,
      crew: [luis.name],
      address: { Street: "214 Larkspur Lane", City: "Portland", State: "OR", "ZIP code": "97214" },
      map: { Latitude: "45.5152", Longitude: "-122.6784" },
      start: await clock.now(),
    });
    house.portal = house.project.replace("/office/projects/", "/p/");
    const everything = { Progress: "Show", Photos: "All", Schedule: "Full", Financials: "Full" };
    await deeds.show(ruth, house.project, everything);
    await deeds.setValue(ruth, house.project, "86,400.00");
  });

  await stage.step("a client who reads, one who is invited, one whose mail bounces", async () => {
    const all = ["See money", "Approve", "Pay", "Write to you"];
    await deeds.giveAccess(ruth, house.record, { ...maya, rights: all });
    house.used = link(await mails.next(maya.email, "your project portal"), "/invite/");
    await deeds.accept(maya, { subject: "", links: [house.used] }, { zone: "Pacific time (Los Angeles)", frequency: "Right away" });
    await deeds.moveTo(dana, house.project, "Planning and permits", 100);
    await deeds.moveTo(dana, house.project, "Demolition", 60);
    await mails.next(maya.email, "permits approved");
    await deeds.addPerson(ruth, house.record, { ...ines, phone: "", relation: "Architect" });
    await deeds.giveAccess(ruth, house.record, { ...ines, rights: [] });
    house.open = link(await mails.next(ines.email, "your project portal"), "/invite/");
    const noor = { name: "Noor Aziz", email: "noor@alder.example" };
    await mails.answer(noor.email, "refuse_for_good");
    await deeds.addPerson(ruth, house.record, { ...noor, phone: "", relation: "Designer" });
    await deeds.giveAccess(ruth, house.record, { ...noor, rights: [] });
    await eventually("the bounce reaches the record", async () => {
      await ruth.open(house.record);
      return (await ruth.words()).includes("bounces");
    });
  });

  await stage.step("photos of two phases, one that is refused, one in the trash, and a logo", async () => {
    const [older, newer] = [await pictures.dayAgo(3), await pictures.dayAgo(1)];
    const minutes = Array.from({ length: PHOTOS / 2 }, (_, minute) => String(minute).padStart(2, "0"));
    const share = async (day, caption, phase, ...more) => {
      const files = await Promise.all(minutes.map((minute) => pictures.small(`${day} 09:${minute}`)));
      const about = { caption, Phase: phase, "Who sees them": "Shared with the client" };
      await deeds.addPhotos(dana, house.project, [...files, ...more], about);
    };
    await share(older, "The old wall is open, down to lath and studs", "Demolition");
    await share(newer, "Copper and outlet boxes at the sink wall", "Plumbing and electrical", pictures.letter());
    const extra = [await pictures.small(`${newer} 16:00`), await pictures.small(`${newer} 16:05`)];
    await deeds.addPhotos(dana, house.project, extra, { "Who sees them": "Internal: only your team" });
    await deeds.selectPhotos(dana, "4:05 pm");
    await dana.press("Move to trash");
    // not the newest: the survey puts that one into the trash for a while
    house.photo = (await deeds.idsOf(dana, "Copper")).at(-1);
    await maya.open(`${house.portal}/progress`);
    const lastPhase = await maya.page.locator("li[id^=phase-]").last().getAttribute("id");
    house.withoutPhotos = lastPhase.replace("phase-", "");
    await deeds.saveLogo(ruth, pictures.logo());
  });

  await stage.step("links of every kind", async () => {
    await house.guest.open("/forgot");
    await house.guest.fill({ Email: maya.email });
    await house.guest.press("Email me a link");
    house.reset = link(await mails.next(maya.email, "Choose a new password"), "/reset/");
    await ruth.open("/office/settings/team");
    await ruth.fill({ Name: "Theo Park", Email: "theo@alder.example" });
    await ruth.press("Send invitation");
    house.team = link(await mails.next("theo@alder.example", "Join the team"), "/invite/");
    await deeds.signUp(nora, empty);
  });
  return house;
}
