/** Commands about the user: nickname, account, connection. */
import { parse } from "../../irc/message.js";
import { N_, _ } from "../../platform/i18n.js";
import { asNickname } from "../typed_names.js";
import { command } from "./registry.js";

command(
  "nick",
  N_("nickname"),
  N_("changes your nickname"),
  [1, 1],
  [""],
  ({ actions }, [nick = ""]) => actions.changeNick(asNickname(nick)),
);

command(
  "away",
  N_("[text]"),
  N_("tells others that you are away, and why; without a text: that you are back"),
  [0, 1],
  [""],
  ({ actions }, [text = ""]) => actions.away(text),
);

command(
  "register",
  N_("[e-mail] password"),
  N_("makes your nickname an account of your own"),
  [1, 2],
  [],
  ({ client, actions, tell }, words) => {
    const [email, password] = words.length > 1 ? words : ["", words[0]];
    const account = client.model.me.nick.value;
    actions.register(account, password ?? "", email).then(
      ({ verify }) =>
        tell(
          verify
            ? _("A code was sent to you: /verify {name} code", { name: account })
            : _("The account {name} is yours now.", { name: account }),
        ),
      (error) => tell(error.message, true),
    );
  },
);

command(
  "verify",
  N_("account code"),
  N_("completes a registration with the code that was sent to you"),
  [2, 2],
  [],
  ({ actions, tell }, [account = "", code = ""]) => {
    actions.verify(account, code).then(
      () => tell(_("The account {name} is yours now.", { name: account })),
      (error) => tell(error.message, true),
    );
  },
);

command(
  "login",
  N_("[account] password"),
  N_("logs in to your account"),
  [1, 2],
  [],
  ({ client, actions, tell }, words) => {
    const [account, password] = words.length > 1 ? words : [client.model.me.nick.value, words[0]];
    actions.login(account ?? "", password ?? "").then(
      () => tell(_("You are logged in as {name}.", { name: account ?? "" })),
      (error) => tell(error.message, true),
    );
  },
);

command("logout", "", N_("logs out of your account"), [0, 0], [], ({ actions, tell }) => {
  actions.logout().then(
    () => tell(_("You are logged out.")),
    (error) => tell(error.message, true),
  );
});

command(
  "oper",
  N_("name [password]"),
  N_("makes you an operator of the server"),
  [1, 2],
  [],
  ({ client, buffer }, words) => client.command(buffer, "OPER", ...words),
);

command("reconnect", "", N_("connects to this server anew, at once"), [0, 0], [], ({ client }) =>
  client.link.reconnect(),
);

command(
  "quote",
  N_("line"),
  N_("sends a line to the server as it is, for what has no command here"),
  [1, 1],
  [""],
  ({ client, buffer, tell }, [line = ""]) => {
    const message = parse(line);
    if (message) client.command(buffer, message.command, ...message.params);
    else tell(_("This cannot be sent: {text}", { text: line }), true);
  },
);

command("quit", N_("[reason]"), N_("leaves the chat"), [0, 1], [""], ({ actions }, [reason]) =>
  actions.leave(reason),
);

command("admin", "", N_("opens the page for operators of the server"), [0, 0], [], () => {
  location.hash = "#?admin=overview"; // as a link to it would
});
