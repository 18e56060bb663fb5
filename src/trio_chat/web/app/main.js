/** Entry of the page: it makes the workspace and renders it. */
import { h, render } from "../vendor/preact.js";
import { invitationOf } from "./platform/address.js";
import { makeWorkspace } from "./session/workspace.js";
import { App } from "./views/app.js";

const { dataset } = document.documentElement;
const secure = location.protocol === "https:";
const { workspace, client, cache } = makeWorkspace({
  url: `${secure ? "wss" : "ws"}://${location.host}${location.pathname}`,
  host: location.hostname,
  secure,
  lobby: dataset["lobby"] ?? "",
  network: dataset["network"] ?? "",
});

client.takeAddress(invitationOf(location.hash));
addEventListener("hashchange", () => client.followAddress(invitationOf(location.hash)));
addEventListener("online", () => client.link.wake());
addEventListener("pageshow", () => client.link.wake());
addEventListener("pagehide", () => leave());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") client.link.wake();
  else leave();
});

/** Do what may have no later time: a phone ends hidden pages without a word. */
function leave() {
  client.markers.flush();
  void cache.flush();
}

const root = document.getElementById("app");
if (root) {
  root.replaceChildren();
  render(h(App, { workspace }), root);
}
client.resume(workspace.actions);
