"""Texts for the operator of a cluster: what to use instead of a command that would change the
database of one server, see `storage.maintenance.connected`.
"""

from trio_chat.i18n import N_

ADD_ACCOUNT = N_("An operator adds it in the chat: /msg NickServ SAREGISTER <account> <password>")
CHANGE_PASSWORD = N_(
    "An operator changes it in the chat: /msg NickServ SAPASSWD <account> <password>"
)
CHANGE_EMAIL = N_(
    "An operator changes it on the administrator's page, or by PATCH /api/v1/accounts/<account> of"
    " the HTTP API"
)
REMOVE_SECOND_FACTOR = N_("An operator removes it in the chat: /msg NickServ SA2FAOFF <account>")
REMOVE_PASSKEY = N_(
    "An operator removes it in the chat: /msg NickServ SAPASSKEY <account> DEL <passkey>"
)
LINK = N_("The owner does that in the chat: /msg NickServ LINK")
DELETE_ACCOUNT = N_("An operator deletes it in the chat: /msg NickServ SADROP <account>")
FORGET_ACCOUNT = N_(
    "An operator deletes the account in the chat: /msg NickServ SADROP <account>. Give this command"
    " on each server after that."
)
FREE_NAME = N_("An operator frees it in the chat: /msg NickServ FREE <account>")
BAN = N_(
    "An operator does that in the chat: /kline, /dline, /unkline, /undline, or /msg NickServ"
    " UNSUSPEND"
)
INVITE = N_(
    "That is done in the chat: /msg NickServ INVITATION for accounts, /msg ChanServ INVITATION"
    " <channel> for a channel"
)
FILTER = N_("An operator does that in the chat: /filter list, /filter add, /filter del")
RAID = N_("An operator does that in the chat: /raid on, /raid off")
REPORT = N_(
    "An operator does that in the chat: /reports resolve <number>; or on the administrator's page"
)
HOOK = N_("That is done in the chat: /msg ChanServ HOOK <channel> ADD|LIST|DEL")
TOKEN = N_(
    "An operator with all rights does that by the HTTP API: APITOKEN in the chat gives a token,"
    " with which POST and DELETE /api/v1/tokens make and remove others"
)
SET_HISTORY = N_("The founder sets it in the chat: /msg ChanServ SET <channel> HISTORY <days>")
REMOVE_UPLOAD = N_(
    "An operator with an account removes it by HTTP, on any server: curl -u <account> -X DELETE"
    " <link>"
)
IMPORT = N_("Import the messages before the first server joins the cluster.")
OTHER_SERVERS = N_("The other servers of the cluster still have it: give this command there, too.")
