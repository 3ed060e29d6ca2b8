// What a program with the published JavaScript client does: read, page, write, batch, fail.
// Told by BASE_URL and TOKEN; prints one JSON object of what it found.

import {
  BatchRequestContent,
  BatchResponseContent,
  Client,
  PageIterator,
} from "@microsoft/microsoft-graph-client";

const base = new URL(process.env.BASE_URL);
const client = Client.init({
  baseUrl: base.href,
  defaultVersion: "v1.0",
  customHosts: new Set([base.hostname]),
  authProvider: (done) => done(null, process.env.TOKEN),
});
const management = "/identityGovernance/entitlementManagement";
const found = {};

const users = [];
const first = await client.api("/users").select("id,displayName").top(5).get();
await new PageIterator(client, first, (user) => users.push(user.displayName)).iterate();
found.users = users;

found.count = await client.api("/users/$count").header("ConsistencyLevel", "eventual").get();

const catalog = await client
  .api(`${management}/catalogs`)
  .post({ displayName: "From JavaScript", isExternallyVisible: false });
await client.api(`${management}/catalogs/${catalog.id}`).patch({ description: "changed" });
found.catalog = await client.api(`${management}/catalogs/${catalog.id}`).get();
found.filtered = await client
  .api(`${management}/catalogs`)
  .filter("contains(tolower(displayName),'javascript')")
  .count(true)
  .get();
found.beta = await client.api(`${management}/accessPackageCatalogs/${catalog.id}`)
  .version("beta")
  .get();

const step = (id, url, init, dependsOn) => ({
  id,
  request: new Request(`${base.href}v1.0${url}`, init),
  dependsOn,
});
const batch = new BatchRequestContent([
  step("1", `${management}/catalogs/${catalog.id}`, { method: "GET" }),
  step("2", `${management}/catalogs/${catalog.id}`, { method: "DELETE" }, ["1"]),
  step("3", `${management}/catalogs/${catalog.id}`, { method: "GET" }, ["2"]),
]);
const answers = new BatchResponseContent(
  await client.api("/$batch").post(await batch.getContent()),
);
found.batch = ["1", "2", "3"].map((id) => answers.getResponseById(id).status);

try {
  await client.api(`${management}/catalogs`).post({ displayName: "x", colour: "red" });
} catch (error) {
  found.refused = { status: error.statusCode, code: error.code, message: error.message };
  found.refusedId = error.requestId;
}
console.log(JSON.stringify(found));
