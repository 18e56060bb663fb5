/** Typed lines with a password in them: they are neither shown, nor recalled, nor given back. */

const COMMAND = /^\/(?:oper|login|register|quote|pass)\b/iu;
const SERVICE = /^(?:nick|chan)serv$/iu;
const SAID =
  /^\s*(?:identify|register|ghost|set\s+password|saregister|sapasswd|drop|2fa\s+\w+)\s+\S/iu;

/**
 * Return whether a message may have a password for a service in it.
 * @param {string} target
 * @param {string} text
 */
export function isSecretMessage(target, text) {
  return SERVICE.test(target) && SAID.test(text);
}

/**
 * Return whether a typed line may have a password in it.
 * @param {string} line
 */
export function isSecretLine(line) {
  const [, target = "", text = ""] = /^\/(?:msg|query|notice)\s+(\S+)\s+(.*)$/isu.exec(line) ?? [];
  return COMMAND.test(line) || isSecretMessage(target, text);
}
