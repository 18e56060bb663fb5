/** Entry of the page: it makes the workspace and renders it. */
import { h, render } from "../vendor/preact.js";
import { invitationOf } from "./platform/address.js";
import { diagnose } from "./platform/diagnosis.js";
import { setLanguage } from "./platform/i18n.js";
import { followLifecycle } from "./platform/lifecycle.js";
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
  signOn: dataset["signOn"] ?? "",
  diagnose: () => diagnose(location),
});

client.channels.takeAddress(invitationOf(location.hash));
addEventListener("hashchange", () => client.channels.followAddress(invitationOf(location.hash)));
followLifecycle(globalThis, { wake: () => client.link.wake(), leave });

/** Do what may have no later time: a phone ends hidden pages without a word. */
function leave() {
  client.markers.flush();
  void cache.flush();
}

/**
 * Log in with what the provider of single sign-on has answered.
 * @param {URLSearchParams} answer
 */
async function signOn(answer) {
  const { finish } = await import("./platform/sign_on.js");
  await setLanguage(workspace.settings.value.language); // what it says is not translated later
  try {
    const { token, name, remember } = await finish(answer);
    client.channels.takeAddress(invitationOf(location.hash));
    const nick = name || client.nickname.wanted || "guest";
    workspace.actions.connect({ nick, token, ...(remember && { remember }) });
  } catch (error) {
    client.close(error instanceof Error ? error.message : String(error), "");
  }
}

const answer = new URLSearchParams(location.search);
if (answer.has("state")) void signOn(answer);
// Conversations of an earlier visit are there before anything is drawn.
else client.resume(workspace.actions);
const root = document.getElementById("app");
if (root) {
  root.replaceChildren();
  render(h(App, { workspace }), root);
}
