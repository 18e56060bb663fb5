/** Packages of the program for the visitor's system, loaded when the visitor asks for them. */

import { h } from "../../vendor/preact.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { addressOf, fittingDownload, requestOffer, systemOf } from "../platform/downloads.js";
import { _ } from "../platform/i18n.js";
import { allPackages } from "./downloads.js";

/** @import { Download, NavigatorHints, Offer } from "../platform/downloads.js" */

const MEBIBYTE = 1 << 20;

/** The package that fits, or how to join without one. */
export function Packages() {
  const [offer, setOffer] = useState(/** @type {Offer|null} */ (null));
  useEffect(() => {
    const controller = new AbortController();
    void requestOffer(controller.signal).then((found) => {
      if (!controller.signal.aborted) setOffer(found);
    });
    return () => controller.abort();
  }, []);
  if (!offer) return h("p", { role: "status" }, _("Loading…"));
  const system = systemOf(/** @type {NavigatorHints} */ (navigator));
  const best = fittingDownload(offer, system);
  const isWheel = best?.name.endsWith(".whl");
  return h(
    "div",
    { role: "status" },
    best ? h(Package, { download: best }) : null,
    isWheel ? offer.commands.map((each) => h("p", null, h("code", null, each))) : null,
    h(
      "p",
      null,
      best ? _("When it is installed, this command joins:") : _("In a terminal:"),
      " ",
      h("code", null, `trio-chat connect ${offer.address || addressHere()}`),
    ),
    h("p", null, allPackages()),
  );
}

/** @param {{download: Download}} props */
function Package({ download }) {
  const size = _("{size} MiB", { size: (download.size / MEBIBYTE).toFixed(1) });
  return h(
    "p",
    null,
    h("a", { href: addressOf(download), download: download.name }, download.name),
    ` (${size})`,
    download.sha256
      ? [h("br", null), "SHA-256 ", h("code", null, download.sha256)]
      : null,
  );
}

/** Return host and port of this page, as the command takes them. */
function addressHere() {
  const { hostname, port, protocol } = location;
  return `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
}
