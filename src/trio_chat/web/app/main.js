/** Entry of the page: it makes the workspace and renders it. */
import { h, render } from "../vendor/preact.js";
import { invitationOf } from "./platform/address.js";
import { _ } from "./platform/i18n.js";
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
  diagnose,
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

/** Ask by HTTP why the server opens no WebSocket: the answer to that has no text for a script. */
async function diagnose() {
  const { status } = await fetch(location.pathname, { method: "HEAD", cache: "no-store" });
  if (status === 429) return _("The server has too many connections from your network.");
  if (status === 403) return _("The server does not accept the address of this page.");
  if (status >= 500) return _("The server is not ready, or the way to it is interrupted.");
  return _(
    "The server answers, but opens no connection for the chat: it is full, or something on the way lets no WebSocket through.",
  );
}

/** Do what may have no later time: a phone ends hidden pages without a word. */
function leave() {
  client.markers.flush();
  void cache.flush();
}

// Conversations of an earlier visit are there before anything is drawn.
client.resume(workspace.actions);
const root = document.getElementById("app");
if (root) {
  root.replaceChildren();
  render(h(App, { workspace }), root);
}
