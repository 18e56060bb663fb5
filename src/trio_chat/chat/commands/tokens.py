"""TOKEN: authentication tokens for services outside of IRC (IRCv3 `draft/authtoken`).

The only service is the one for uploads, which the server itself provides. So nobody else has to
validate its tokens.
"""

from typing import Final

from trio_chat.chat import uploads
from trio_chat.chat.moderation.probation_rules import why_not_upload
from trio_chat.chat.registry import Request, command
from trio_chat.irc import capabilities as cap
from trio_chat.irc.isupport import filehost_url

_BATCH: Final = "draft/authtoken"
_DESCRIPTION: Final = "Uploads of files"
_UNKNOWN: Final = "*"
"""The address of a service that is not known to this session."""


@command(
    "TOKEN",
    "SERVICELIST | GENERATE <service> [<scope>] | VALIDATE <service> <url> :<token>",
    min_params=1,
    needs_registration=False,
    weight=2,
    help="Get a token by which a program can upload files for you: TOKEN GENERATE FILEHOST.",
    is_local=True,
)
def token_command(request: Request) -> None:
    """Carry out one of the subcommands; before registration only VALIDATE, which is refused."""
    subcommand = request.params[0].upper()
    if subcommand == "VALIDATE":
        text = "No other program may validate tokens of this server"
        _fail(request, "NO_PERMISSIONS", *request.params[1:2], text=text)
    elif subcommand not in ("SERVICELIST", "GENERATE"):
        text = "The subcommands are SERVICELIST, GENERATE and VALIDATE"
        _fail(request, "UNKNOWN_COMMAND", request.params[0], text=text)
    elif request.session.user is None:
        _fail(request, "NO_PERMISSIONS", text="Complete the registration of the connection first")
    elif subcommand == "SERVICELIST":
        send_services(request)
    else:
        _generate(request)


def _fail(request: Request, code: str, *context: str, text: str) -> None:
    request.reply.fail("TOKEN", code, *context, text=text)


def send_services(request: Request) -> None:
    """Send the list of services: in a batch, or a note that there is none."""
    if not request.world.server_info.uploads.is_enabled:
        text = "There is no service for which this server has tokens"
        request.reply.send("NOTE", ("TOKEN", "NO_SERVICES", text))
        return
    with request.reply.batch(_BATCH, "*", "*"):
        request.reply.send("TOKEN", ("SERVICE", uploads.SERVICE, _url(request), _DESCRIPTION))


def send_services_on_registration(request: Request) -> None:
    """Send the services to a session that has negotiated `draft/authtoken`, as a part of its
    welcome.
    """
    if request.session.effective & cap.AUTHTOKEN:
        send_services(request)


def _generate(request: Request) -> None:
    service = request.param(1)
    rules = request.world.server_info.uploads
    if service.upper() != uploads.SERVICE or not rules.is_enabled:
        text = "There is no such service; TOKEN SERVICELIST shows the services"
        _fail(request, "UNKNOWN_SERVICE", service or "*", text=text)
        return
    if why := rules.why_not_user(request.user):
        is_login = not request.user.account_id and rules.users == "accounts"
        code = "ACCOUNT_REQUIRED" if is_login else "NO_PERMISSIONS"
        _fail(request, code, uploads.SERVICE, text=why)
        return
    if why := why_not_upload(request.world, request.session):
        _fail(request, "NO_PERMISSIONS", uploads.SERVICE, text=why)
        return
    token = request.world.upload_tokens.generate(request.session)
    request.reply.send("TOKEN", ("GENERATE", uploads.SERVICE, _url(request), token))


def _url(request: Request) -> str:
    return filehost_url(request.session.page_url) or _UNKNOWN
