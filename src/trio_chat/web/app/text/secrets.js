/** Typed lines with a password in them: they are neither shown, nor recalled, nor given back. */

const COMMAND = /^\/(?:oper|login|register|pass)\b/iu;
/** Lines of the protocol: all that may have a password in them, and those with a source or tags. */
const QUOTED =
  /^\/quote\s+(?:[:@]|(?:oper|pass|authenticate|identify|login|auth|register|webirc|die|restart|join|mode)\b|(?:privmsg\s+|notice\s+)?(?:\w*serv|ns|cs)\b)/iu;
const SERVICE = /^(?:nick|chan)serv$/iu;
const OF_CHANNELS = /^chan/iu;
const CHANNEL = /^(\s*\S+)\s+#\S*/u;
const SAID =
  /^\s*(?:identify|register|ghost|set\s+password|saregister|sapasswd|drop|2fa\s+\w+)\s+\S/iu;

/**
 * Return whether a message may have a password for a service in it.
 * @param {string} target
 * @param {string} text
 */
export function isSecretMessage(target, text) {
  // The name of a channel is no secret; what stands behind it may be one.
  const said = OF_CHANNELS.test(target) ? text.replace(CHANNEL, "$1") : text;
  return SERVICE.test(target) && SAID.test(said);
}

/**
 * Return whether a typed line may have a password in it.
 * @param {string} line
 */
export function isSecretLine(line) {
  const [, target = "", text = ""] = /^\/(?:msg|query|notice)\s+(\S+)\s+(.*)$/isu.exec(line) ?? [];
  return COMMAND.test(line) || QUOTED.test(line) || isSecretMessage(target, text);
}
