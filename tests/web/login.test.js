/** Log in, and the login that a device keeps. */
import assert from "node:assert/strict";
import { createHmac, createHash, pbkdf2Sync, webcrypto } from "node:crypto";
import { test } from "node:test";
import { Scram } from "../../src/trio_chat/web/app/session/scram.js";
import "../../src/trio_chat/web/app/session/commands/table.js"; // so that tests need not wait for it
import { connected, newWorkspace, settle, until } from "./support.js";

/** The server's half of SCRAM-SHA-256, for one password. */
class ScramServer {
  constructor(password, iterations = 4096) {
    this.salt = Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64");
    this.iterations = iterations;
    this.salted = pbkdf2Sync(password, this.salt, iterations, 32, "sha256");
  }

  first(clientFirst) {
    this.bare = clientFirst.slice(3);
    this.serverFirst = `r=${/r=(.*)$/.exec(this.bare)[1]}server,s=${this.salt.toString("base64")},i=${this.iterations}`;
    return this.serverFirst;
  }

  final(clientFinal) {
    const [, withoutProof, proof] = /^(.*),p=(.*)$/.exec(clientFinal);
    const hmac = (key, text) => createHmac("sha256", key).update(text).digest();
    const message = `${this.bare},${this.serverFirst},${withoutProof}`;
    const stored = createHash("sha256").update(hmac(this.salted, "Client Key")).digest();
    const signature = hmac(stored, message);
    const key = Buffer.from(proof, "base64").map((byte, index) => byte ^ signature[index]);
    const isRight = createHash("sha256").update(key).digest().equals(stored);
    return isRight
      ? `v=${hmac(hmac(this.salted, "Server Key"), message).toString("base64")}`
      : null;
  }

  /** Answer AUTHENTICATE on a fake server. */
  attach(server, account) {
    let step = 0;
    server.replace("AUTHENTICATE", (_server, { params }) => {
      const text = params[0] === "+" ? "" : Buffer.from(params[0], "base64").toString();
      const say = (answer) =>
        server.say(`AUTHENTICATE ${answer === "+" ? "+" : Buffer.from(answer).toString("base64")}`);
      if (params[0] === "SCRAM-SHA-256") {
        step = 0;
        say("+");
        return;
      }
      step += 1;
      if (step === 1) say(this.first(text));
      else if (step === 2) {
        const final = this.final(text);
        if (final) say(final);
        else server.say(":server 904 * :SASL authentication failed");
      } else {
        server.say(`:server 900 * *!u@h ${account} :You are logged in`);
        server.say(":server 903 * :SASL authentication successful");
      }
    });
  }
}

async function exchange(scram, server) {
  const first = await scram.answer("");
  const final = await scram.answer(server.first(first));
  return server.final(final);
}

test("the exchange is the example of RFC 7677", async () => {
  const scram = new Scram("user", "pencil", null, "rOprNGfwEbeRWgbNEkqO");
  assert.equal(await scram.answer(""), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
  const final = await scram.answer(
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
  );
  assert.equal(
    final,
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
  );
  assert.equal(await scram.answer("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), "");
});

test("a page without WebCrypto computes the same", async (context) => {
  const bare = { getRandomValues: (bytes) => webcrypto.getRandomValues(bytes) };
  Object.defineProperty(globalThis, "crypto", { value: bare, configurable: true, writable: true });
  context.after(() =>
    Object.defineProperty(globalThis, "crypto", {
      value: webcrypto,
      configurable: true,
      writable: true,
    }),
  );
  const scram = new Scram("ann", "pässwörd", null);
  const server = new ScramServer("pässwörd", 1000);
  assert.equal(await scram.answer(await exchange(scram, server)), "");
  assert.equal(scram.key.key, null);
});

test("the key of a login serves another one without the password, and cannot be exported", async () => {
  const server = new ScramServer("secret");
  const scram = new Scram("ann", "secret", null);
  await scram.answer(await exchange(scram, server));
  const again = new Scram("ann", "", scram.key);
  assert.equal(await again.answer(await exchange(again, server)), "");
  assert.equal(scram.key.key.extractable, false);
});

test("a server that does not know the password is not believed", async () => {
  const scram = new Scram("ann", "secret", null);
  await exchange(scram, new ScramServer("secret"));
  await assert.rejects(scram.answer("v=AAAA"));
});

test("challenges that are no part of the mechanism are refused", async () => {
  const wrong = [
    "",
    "r=other,s=AAAA,i=4096",
    "r=nonce,s=AAAA,i=4096",
    "r=nonceX,s=,i=1",
    "r=nonceX,s=AAAA,i=0",
    "r=nonceX,s=AAAA,i=99999999",
  ];
  for (const challenge of wrong) {
    const scram = new Scram("ann", "secret", null, "nonce");
    await scram.answer("");
    await assert.rejects(scram.answer(challenge));
  }
});

test("the login comes before the nickname, which may be reserved for the account", async () => {
  const { workspace, server, actions } = newWorkspace();
  new ScramServer("secret").attach(server, "ann");
  actions.connect({ nick: "me", account: "ann", password: "secret" });
  await until(() => workspace.connection.value.phase === "ready");
  assert.equal(workspace.me.account.value, "ann");
  const order = server.lines
    .filter((line) => /^(NICK|AUTHENTICATE)/.test(line))
    .map((line) => line.split(" ")[0]);
  assert.equal(order.at(-1), "NICK");
});

test("a wrong password closes the connection, and says what is wrong", async () => {
  const { workspace, server, actions } = newWorkspace();
  new ScramServer("secret").attach(server, "me");
  actions.connect({ nick: "me", password: "wrong" });
  await until(() => workspace.connection.value.phase === "closed");
  assert.equal(workspace.connection.value.problem, "login");
  assert.match(workspace.connection.value.reason, /check the account and the password/);
});

test("the password itself is never sent without TLS", async () => {
  const { workspace, server, actions } = newWorkspace();
  server.replace("AUTHENTICATE", () => server.say(":server 908 * PLAIN :are available"));
  actions.connect({ nick: "me", password: "secret" });
  await until(() => workspace.connection.value.phase === "closed");
  assert.equal(server.sent("AUTHENTICATE").length, 1);
});

test("with TLS the page logs in to a server that has only PLAIN", async () => {
  const { workspace, server, actions } = newWorkspace({ secure: true });
  server.replace("AUTHENTICATE", (_server, { params }) => {
    if (params[0] === "SCRAM-SHA-256") server.say(":server 908 * PLAIN :are available");
    else if (params[0] === "PLAIN") server.say("AUTHENTICATE +");
    else {
      assert.equal(Buffer.from(params[0], "base64").toString(), "me\0me\0secret");
      server.say(":server 903 * :done");
    }
  });
  actions.connect({ nick: "me", password: "secret" });
  await until(() => workspace.connection.value.phase === "ready");
});

/** Answer as a server that has only PLAIN does: with the mechanisms, and with a refusal. */
function refuseScram(server, params) {
  if (params[0] !== "SCRAM-SHA-256") return false;
  server.say(":server 908 * PLAIN,OAUTHBEARER :are available");
  server.say(":server 904 * :SASL authentication failed: there is no such mechanism here");
  return true;
}

test("the refusal after the list of mechanisms does not end the login", async () => {
  const { workspace, server, actions } = newWorkspace({ secure: true });
  server.replace("AUTHENTICATE", (_server, { params }) => {
    if (refuseScram(server, params)) return;
    server.say(params[0] === "PLAIN" ? "AUTHENTICATE +" : ":server 903 * :done");
  });
  actions.connect({ nick: "me", password: "secret" });
  await until(() => workspace.connection.value.phase === "ready");
});

test("a wrong password of a server that has only PLAIN is refused", async () => {
  const { workspace, server, actions } = newWorkspace({ secure: true });
  server.replace("AUTHENTICATE", (_server, { params }) => {
    if (refuseScram(server, params)) return;
    server.say(params[0] === "PLAIN" ? "AUTHENTICATE +" : ":server 904 * :wrong");
  });
  actions.connect({ nick: "me", password: "wrong" });
  await until(() => workspace.connection.value.phase === "closed");
  assert.match(workspace.connection.value.reason, /wrong/);
});

test("a device that remembers has an app password where the password gives no key", async () => {
  const { workspace, server, actions, keys } = newWorkspace({ secure: true });
  const factor = new FactorServer(server);
  server.replace("AUTHENTICATE", (_server, { params }) => {
    if (refuseScram(server, params)) return;
    if (params[0] === "PLAIN") server.say("AUTHENTICATE +");
    else {
      server.say(":server 900 * *!u@h me :You");
      server.say(":server 903 * :done");
    }
  });
  actions.connect({ nick: "me", password: "secret", remember: true });
  await until(() => keys.kept?.password);
  assert.equal(keys.kept.password, factor.app);
  assert.doesNotMatch(JSON.stringify(keys.kept), /secret/);
  assert.equal(workspace.notices.value.length, 0);
});

/** A server of an account with a second factor, and with the app password that it makes. */
class FactorServer {
  constructor(server) {
    this.given = [];
    this.app = "abcde-fghjk-mnpqr-stuvw-xyz23";
    server.replace("AUTHENTICATE", (_server, { params }) => {
      if (params[0] === "PLAIN") server.say("AUTHENTICATE +");
      else if (params[0] === "SCRAM-SHA-256") {
        server.say("FAIL AUTHENTICATE CODE_REQUIRED :A code");
        server.say(":server 904 * :No");
      } else {
        const given = Buffer.from(params[0], "base64").toString();
        this.given.push(given);
        const isRight = ["me\0me\0secret 123456", `me\0me\0${this.app}`].includes(given);
        server.say(isRight ? ":server 900 * *!u@h me :You" : ":server 904 * :No");
        if (isRight) server.say(":server 903 * :done");
      }
    });
    server.replace("NICKSERV", (_server, { params, tags }) => {
      const label = tags?.get("label");
      const text = params[1] === "ADD" ? `The app password x is: ${this.app}` : "It is revoked.";
      server.say(`${label ? `@label=${label} ` : ""}:NickServ!s@s NOTICE me :${text}`);
    });
  }
}

test("a code is asked for once; then the browser has an app password of its own", async () => {
  const { workspace, server, actions, keys, clock } = newWorkspace({ secure: true });
  const factor = new FactorServer(server);
  actions.connect({ nick: "me", password: "secret", remember: true });
  await until(() => workspace.connection.value.phase === "closed");
  assert.equal(workspace.connection.value.problem, "code");
  actions.connect({ nick: "me", password: "secret", code: "123456", remember: true });
  await until(() => keys.kept?.password);
  assert.equal(keys.kept.password, factor.app);
  assert.doesNotMatch(JSON.stringify(keys.kept), /secret|123456/);
  const other = newWorkspace({ server, keys, clock, secure: true });
  other.actions.connect({ nick: "me" });
  await until(() => other.workspace.connection.value.phase === "ready");
  assert.equal(factor.given.at(-1), `me\0me\0${factor.app}`);
  await other.actions.logout();
  assert.match(server.lines.join("\n"), /APPPASSWORD DEL browser-[0-9a-f]{8}/);
  assert.equal(keys.kept, null);
});

for (const remember of [true, false]) {
  const how = remember ? "remembers does not expire" : "does not remember expires";
  test(`the app password of a device that ${how}`, async () => {
    const { server, actions } = newWorkspace({ secure: true });
    new FactorServer(server);
    actions.connect({ nick: "me", password: "secret", code: "123456", remember });
    await until(() => /APPPASSWORD ADD/.test(server.lines.join("\n")));
    const asked = /APPPASSWORD ADD browser-[0-9a-f]{8}(.*)/.exec(server.lines.join("\n"));
    assert.equal(asked[1], remember ? "" : " 7d");
  });
}

test("neither a code nor an app password is sent without TLS", async () => {
  const { workspace, server, actions } = newWorkspace();
  const factor = new FactorServer(server);
  actions.connect({ nick: "me", password: "secret", code: "123456" });
  await until(() => workspace.connection.value.phase === "closed");
  assert.match(workspace.connection.value.reason, /encrypted connection/);
  assert.deepEqual(factor.given, []);
});

test("a device that remembers logs in again after a reconnect without the password", async () => {
  const { workspace, server, actions, keys, clock } = newWorkspace();
  new ScramServer("secret").attach(server, "me");
  actions.connect({ nick: "me", password: "secret", remember: true });
  await until(() => workspace.connection.value.phase === "ready");
  assert.equal(keys.kept.account, "me");
  const other = newWorkspace({ server, keys, clock });
  other.actions.connect({ nick: "me" });
  await until(() => other.workspace.connection.value.phase === "ready");
  assert.equal(other.workspace.me.account.value, "me");
});

test("a device that does not remember keeps no login", async () => {
  const { workspace, server, actions, keys, lasting } = newWorkspace();
  new ScramServer("secret").attach(server, "me");
  actions.connect({ nick: "me", password: "secret", remember: false });
  await until(() => workspace.connection.value.phase === "ready");
  assert.equal(keys.kept, null);
  assert.doesNotMatch(JSON.stringify(lasting.values), /secret|#lobby/);
});

test("a password typed into a message for NickServ is not shown", async () => {
  const { workspace, actions, server } = await connected();
  server.replace("PRIVMSG", () => {});
  actions.input(workspace.current.value, "/msg NickServ IDENTIFY secret");
  await settle();
  const shown = workspace.buffers.value
    .flatMap((each) => each.timeline.entries)
    .map((each) => each.text);
  assert.equal(
    shown.some((text) => text.includes("secret")),
    false,
  );
  assert.match(server.lines.at(-1), /IDENTIFY secret/);
});

test("a token of single sign-on logs in once; then the browser has an app password", async () => {
  const { workspace, server, actions, keys } = newWorkspace({ secure: true });
  const factor = new FactorServer(server);
  const given = [];
  server.replace("AUTHENTICATE", (_server, { params }) => {
    if (params[0] === "OAUTHBEARER") server.say("AUTHENTICATE +");
    else {
      given.push(Buffer.from(params[0], "base64").toString());
      server.say(":server 900 * *!u@h me :You");
      server.say(":server 903 * :done");
    }
  });
  actions.connect({ nick: "me", token: "to.ke.n", remember: true });
  await until(() => keys.kept?.password);
  assert.deepEqual(given, ["n,,\u0001auth=Bearer to.ke.n\u0001\u0001"]);
  assert.equal(keys.kept.account, "me");
  assert.equal(keys.kept.password, factor.app);
  assert.doesNotMatch(JSON.stringify(keys.kept), /to\.ke\.n/);
  assert.equal(workspace.connection.value.phase, "ready");
});

test("a token that is refused is answered by one byte, and the reason is shown", async () => {
  const { workspace, server, actions } = newWorkspace({ secure: true });
  const given = [];
  server.replace("AUTHENTICATE", (_server, { params }) => {
    if (params[0] === "OAUTHBEARER") server.say("AUTHENTICATE +");
    else {
      given.push(Buffer.from(params[0], "base64").toString());
      if (given.length === 1) {
        server.say(`AUTHENTICATE ${Buffer.from('{"status":"invalid_token"}').toString("base64")}`);
      } else server.say(":server 904 * :the token has expired");
    }
  });
  actions.connect({ nick: "me", token: "to.ke.n" });
  await until(() => workspace.connection.value.phase === "closed");
  assert.equal(given[1], "\u0001");
  assert.equal(
    workspace.connection.value.reason,
    "You were not logged in. (the token has expired)",
  );
});

test("a token is not sent without TLS", async () => {
  const { workspace, server, actions } = newWorkspace();
  actions.connect({ nick: "me", token: "to.ke.n" });
  await until(() => workspace.connection.value.phase === "closed");
  assert.doesNotMatch(server.lines.join("\n"), /AUTHENTICATE/);
});
