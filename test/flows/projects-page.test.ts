import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTestApp, type TestApp } from "../support/api/app.ts";
import { createPeople, type SignedIn } from "../support/api/people.ts";
import { createPlanner } from "../support/api/projects.ts";
import { missingChromium, startChromium } from "../support/browser/chromium.ts";

// The projects page as its users see it, with the keyboard where a mouse is not needed.

const HOSTILE = `<img src=x onerror="document.title='hacked'">`;

let app: TestApp;
let ada: SignedIn;
let bob: SignedIn;
let browser: Browser | undefined;

describe("the projects page", () => {
  beforeAll(async () => {
    app = await createTestApp();
    const people = createPeople(app);
    ada = await people.session("ada@example.com");
    bob = await people.session("bob@example.com");
    if (!missingChromium) browser = await startChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await app[Symbol.asyncDispose]();
  });

  beforeEach(({ skip }) => skip(missingChromium !== undefined, missingChromium));

  const open = async (path: string, { user = ada, width = 1_000 } = {}) => {
    const context = await browser!.newContext({ viewport: { width, height: 800 } });
    const [name = "", value = ""] = user.cookie.split("=");
    await context.addCookies([{ name, value, url: app.url }]);
    const page = await context.newPage();
    await page.goto(`${app.url}/${path}`);
    return page;
  };
  const column = (page: Page, name: string) => page.getByRole("region", { name });
  const filter = (page: Page) => page.locator("#filter");
  const button = (page: Page, name: string | RegExp) => page.getByRole("button", { name });
  const focused = (page: Page) =>
    page.evaluate<string>("document.activeElement.closest('li, h1, h2').innerText");
  const said = (page: Page) => page.locator("#said").innerText();
  const tasksOf = async (projectId: string) => {
    const { body } = await ada.get(`/v1/projects/${projectId}/tasks`);
    return (body as { items: Record<string, unknown>[] }).items;
  };
  const idIn = (page: Page) => new URL(page.url()).hash.slice(1).split("/")[0]!;

  test("creates a project, and adds and moves a task by keyboard", async () => {
    const page = await open("projects");
    await button(page, "New project").press("Enter");
    await page.keyboard.press("Enter");
    await page.getByText("Enter a name.").waitFor();
    await page.keyboard.type("Apollo");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Apollo", level: 1 }).waitFor();

    await page.getByLabel("New task").fill(HOSTILE);
    await page.keyboard.press("Enter");
    await column(page, "To do 1").getByRole("link", { name: HOSTILE }).waitFor();
    expect(await page.title()).toBe("Apollo · Offstage");

    await button(page, /^Doing: move/).press("Enter");
    await column(page, "Doing 1").getByRole("link").waitFor();
    await expect.poll(() => said(page)).toBe(`Moved ${HOSTILE} to Doing`);
    // The focus is on the next move of the same task.
    expect(await focused(page)).toContain(HOSTILE);
    await page.keyboard.press("Enter");
    await column(page, "Done 1").getByRole("link").waitFor();
    expect(await focused(page)).toContain(HOSTILE);
    expect(await tasksOf(idIn(page))).toMatchObject([{ title: HOSTILE, state: "DONE" }]);

    await column(page, "Done 1").getByRole("listitem").dragTo(column(page, "To do 0"));
    await column(page, "To do 1").getByRole("link").waitFor();
    expect(await tasksOf(idIn(page))).toMatchObject([{ state: "TODO", startedAt: null }]);
  });

  test("moves the focus to the next task where the other columns are hidden", async () => {
    const { project, task } = createPlanner(ada);
    const { id } = await project();
    for (const title of ["Below", "Above"]) await task(id, { title });
    const page = await open(`projects#${id}`, { width: 320 });
    expect(await column(page, "Doing").isVisible()).toBe(false);
    await button(page, "Doing: move Above").press("Enter");
    await expect.poll(() => focused(page)).toContain("Below");
    await page.getByRole("radio", { name: "To do 1" }).press("ArrowRight");
    await page.getByRole("link", { name: "Above" }).waitFor();
  });

  test("changes a task in a dialog, and sends only what was changed", async () => {
    const { project, sprint, task } = createPlanner(ada);
    const { id } = await project();
    await sprint(id, { name: "First sprint" });
    const { id: taskId } = await task(id, { title: "Old", description: "Kept" });
    // The link of a report opens it.
    const page = await open(`projects#${id}/${taskId}`);
    const dialog = page.getByRole("dialog", { name: "Task" });
    await dialog.getByLabel("Title").fill("New");
    await dialog.getByLabel("Assignee").selectOption("Ada Lovelace");
    await dialog.getByLabel("Sprint").selectOption("First sprint");
    await dialog.getByLabel("Due date").fill("2026-11-01");
    await dialog.getByLabel("Estimate").fill("many");
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.getByText("Enter a whole number from 0 to 1000.").waitFor();
    await dialog.getByLabel("Estimate").fill("5");
    const sent = page.waitForRequest((request) => request.method() === "PATCH");
    await dialog.getByRole("button", { name: "Save" }).click();
    expect(Object.keys((await sent).postDataJSON() as object).toSorted()).toEqual([
      "assigneeId",
      "dueOn",
      "estimate",
      "sprintId",
      "title",
    ]);
    await dialog.waitFor({ state: "hidden" });
    await expect.poll(() => new URL(page.url()).hash.slice(1)).toBe(idIn(page));
    await filter(page).getByLabel("Sprint").selectOption("All sprints");
    const card = page.getByRole("listitem").filter({ hasText: "New" });
    await card.getByText("5 points").waitFor();
    expect(await tasksOf(id)).toMatchObject([{ title: "New", description: "Kept", dueOn: "2026-11-01" }]);
  });

  test("asks before it discards changes, and adds and deletes comments", async () => {
    const { project, task } = createPlanner(ada);
    const { id } = await project();
    await task(id, { title: "Discussed" });
    const page = await open(`projects#${id}`);
    await page.getByRole("link", { name: "Discussed" }).click();
    const dialog = page.getByRole("dialog", { name: "Task" });
    await dialog.getByLabel("New comment").fill("שלום");
    await button(page, "Comment").click();
    await dialog.getByRole("listitem").filter({ hasText: "שלום" }).waitFor();
    await button(page, "Delete the comment of Ada Lovelace").click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Delete comment" }).click();
    await expect.poll(() => dialog.getByRole("listitem").count()).toBe(0);

    await dialog.getByLabel("Description").fill("Unsaved");
    await page.keyboard.press("Escape");
    await page.getByRole("alertdialog", { name: "Discard your changes?" }).waitFor();
    await button(page, "Cancel").click();
    expect(await dialog.getByLabel("Description").inputValue()).toBe("Unsaved");
    await button(page, "Close").click();
    await button(page, "Discard").click();
    await dialog.waitFor({ state: "hidden" });
    expect(await focused(page)).toContain("Discussed");
  });

  test("offers members after an @, and mentions one by keyboard and one by pointer", async () => {
    const { project, task } = createPlanner(ada);
    const { id: projectId } = await project();
    const { id: taskId } = await task(projectId, { title: "Discussed" });
    const names = ["Grace Hopper", "Grażyna Nowak", HOSTILE];
    const people = names.map((name) => ({
      ...{ id: crypto.randomUUID(), name, email: `${crypto.randomUUID()}@example.com`, passwordHash: "" },
    }));
    await app.core.database.prisma.user.createMany({ data: people });
    await app.core.database.prisma.projectMember.createMany({
      data: people.map(({ id: userId }) => ({ projectId, userId, role: "VIEWER" as const })),
    });
    const page = await open(`projects#${projectId}/${taskId}`);
    const dialog = page.getByRole("dialog", { name: "Task" });
    const field = dialog.getByLabel("New comment");
    const offered = dialog.getByRole("listbox", { name: "Members" }).getByRole("option");
    const chosen = () => field.evaluate((each) => each.getAttribute("aria-activedescendant"));
    await field.pressSequentially("mail@gra");
    expect(await offered.count()).toBe(0);
    await field.fill("");
    await field.pressSequentially("Look, @GRA");
    await expect.poll(() => offered.count()).toBe(2);
    expect(await chosen()).toBe("mention-0");
    await field.press("ArrowDown");
    expect(await offered.nth(1).getAttribute("aria-selected")).toBe("true");
    await field.press("ArrowUp");
    await field.press("Enter");
    expect(await field.inputValue()).toBe("Look, @Grace Hopper ");
    expect([await offered.count(), await chosen()]).toEqual([0, null]);
    await field.pressSequentially("and @now");
    await offered.filter({ hasText: "Grażyna Nowak" }).click();
    expect(await field.inputValue()).toBe("Look, @Grace Hopper and @Grażyna Nowak ");
    // Escape closes the list, and not the dialog.
    await field.pressSequentially("@<");
    await expect.poll(() => offered.count()).toBe(1);
    await field.press("Escape");
    expect([await offered.count(), await dialog.isVisible()]).toEqual([0, true]);
    await field.press("Backspace");
    await field.press("Backspace");
    await button(page, "Comment").click();
    const comment = dialog.locator("#comments .mention");
    await expect.poll(() => comment.allTextContents()).toEqual(["@Grace Hopper", "@Grażyna Nowak"]);
    const notified = await app.core.database.prisma.notification.findMany({ where: { kind: "mention" } });
    expect(notified.map(({ userId }) => userId).toSorted()).toEqual(
      people
        .slice(0, 2)
        .map(({ id }) => id)
        .toSorted(),
    );
  });

  test("shows long columns in parts, and filters them", async () => {
    const { project, task } = createPlanner(ada);
    const { id: projectId } = await project();
    const data = Array.from({ length: 30 }, (_, index) => ({ projectId, title: `Task ${index}` }));
    await app.core.database.prisma.task.createMany({ data });
    await task(projectId, { title: "Late", dueOn: "2020-01-01" });
    const page = await open(`projects#${projectId}`);
    const todo = column(page, "To do 31");
    await todo.waitFor();
    expect(await todo.getByRole("listitem").count()).toBe(25);
    await todo.getByRole("button", { name: "Show more" }).click();
    await expect.poll(() => todo.getByRole("listitem").count()).toBe(31);
    await page.getByLabel("Overdue only").check();
    await column(page, "To do 1").waitFor();
    await expect.poll(() => said(page)).toBe("To do 1, Doing 0, Done 0");
    await filter(page).getByLabel("Assignee").selectOption("Ada Lovelace");
    await column(page, "To do 0").waitFor();
  });

  test("plans sprints, and invites by mail", async () => {
    const { id } = await createPlanner(ada).project({ name: "Gemini" });
    const page = await open(`projects#${id}/sprints`);
    await page.getByLabel("Last day").fill("2020-01-01");
    await button(page, "Create sprint").click();
    await page.locator("#add-sprint .error:visible").waitFor();
    await page.getByLabel("First day").fill("2019-12-19");
    await button(page, "Create sprint").click();
    await page.getByText("19 Dec 2019 – 1 Jan 2020").waitFor();

    await page.getByRole("link", { name: "Members" }).click();
    await page.getByLabel("Email").fill("carol@example.com");
    await page.getByLabel("Email").press("Enter");
    await page.getByRole("listitem").filter({ hasText: "carol@example.com" }).getByText("expires").waitFor();
    expect((await app.mailTo("carol@example.com")).text).toContain("Gemini");
    await button(page, "Withdraw the invitation of carol@example.com").click();
    await page.getByRole("heading", { name: "Invitations" }).waitFor({ state: "hidden" });
  });

  test("lets a viewer read and comment only, and deletes a project after a question", async () => {
    const { project, task } = createPlanner(ada);
    const { id: projectId } = await project({ name: "Shared" });
    await task(projectId, { title: "Seen" });
    const { id: userId } = (await bob.get("/v1/me")).body as { id: string };
    await app.core.database.prisma.projectMember.create({ data: { projectId, userId, role: "VIEWER" } });
    const viewer = await open(`projects#${projectId}`, { user: bob });
    await viewer.getByRole("link", { name: "Seen" }).click();
    await viewer.getByLabel("New comment").waitFor();
    expect(await viewer.getByLabel("Title").isDisabled()).toBe(true);
    expect(await button(viewer, /Save|Delete task|Add task|: move/).count()).toBe(0);
    expect(await viewer.getByRole("link", { name: "Settings" }).count()).toBe(0);

    const page = await open(`projects#${projectId}/settings`);
    await button(page, "Delete project").click();
    await page.keyboard.press("Enter"); // Cancel has the focus.
    expect(await page.getByRole("alertdialog").count()).toBe(0);
    await button(page, "Delete project").click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Delete project" }).click();
    await page.getByRole("heading", { name: "Projects" }).waitFor();
    expect((await ada.get(`/v1/projects/${projectId}`)).status).toBe(404);
  });

  test("fits 320 pixels with long and right-to-left names", async () => {
    const { project, sprint, task } = createPlanner(ada);
    const long = `${"long".repeat(24)}`;
    const { id } = await project({ name: long, description: long.repeat(3) });
    await sprint(id, { name: long });
    const { id: taskId } = await task(id, { title: long.repeat(50) });
    await task(id, { title: "إصلاح محاذاة النص في صفحة الدفع" });
    const page = await open("projects", { width: 320 });
    const tooWide: string[] = [];
    for (const hash of ["", id, `${id}/${taskId}`, `${id}/sprints`, `${id}/members`, `${id}/settings`]) {
      await page.goto(`${app.url}/projects#${hash}`);
      await page.waitForLoadState("networkidle");
      if ((await page.evaluate<number>("document.documentElement.scrollWidth")) > 320) tooWide.push(hash);
    }
    expect(tooWide).toEqual([]);
  });

  test("goes to the login and back, and keeps what was typed when the session ends", async () => {
    const { email, password } = createPeople(app).person("ada@example.com");
    const { id } = await createPlanner(ada).project({ name: "Voyager" });
    const page = await browser!.newPage();
    // Fields that are typed before the script runs are not sent in the address.
    await page.route("**/login.js", async (route) => {
      await page.getByLabel("Email").fill(email);
      await page.getByLabel("Password").fill(password);
      expect(await button(page, "Log in").isDisabled()).toBe(true);
      await route.continue();
    });
    await page.goto(`${app.url}/projects#${id}`);
    await button(page, "Log in").click();
    await page.getByRole("heading", { name: "Voyager" }).waitFor();
    await page.getByLabel("New task").fill("Half a thought");
    await page.context().clearCookies();
    await button(page, "Add task").click();
    await page.getByText("Your session has expired.").waitFor();
    expect(await page.getByLabel("New task").inputValue()).toBe("Half a thought");
    expect(await page.getByRole("link", { name: "Log in" }).getAttribute("href")).toBe(
      `/login?next=projects#${id}`,
    );
  });

  test("shows why a project cannot be opened", async () => {
    const page = await open("projects#01a21d21-2ac8-77fd-9a11-2b2488cd4884");
    await page.getByRole("alert").filter({ hasText: "Not found." }).waitFor();
    await page.getByRole("link", { name: "Projects" }).click();
  });
});
