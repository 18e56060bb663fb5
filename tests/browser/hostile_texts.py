"""Texts of strangers, which would become markup or run as a script if a page were careless."""

from harness import Visitor

MARKUP = (
    "<script>ran=1</script>",
    "<img src=x onerror=ran=1>",
    "<svg/onload=ran=1>",
    "<svg><animate onbegin=ran=1 attributeName=x dur=1s>",
    "<iframe srcdoc='<script>parent.ran=1</script>'></iframe>",
    "<iframe src=javascript:parent.ran=1>",
    "<a href=javascript:ran=1>click</a>",
    "<details open ontoggle=ran=1>",
    "<input autofocus onfocus=ran=1>",
    "<style>*{background:url(javascript:ran=1)}</style>",
    "<link rel=stylesheet href=data:,*{display:none}>",
    "<base href=//192.0.2.1/>",
    "<meta http-equiv=refresh content=0;url=data:text/html,x>",
    "<form action=javascript:ran=1><button>x</button></form>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=ran=1>",
    "<template><script>ran=1</script></template>",
    "</title></textarea></script><script>ran=1</script>",
    "'\"><script>ran=1</script>",
    '"onmouseover="ran=1"style="position:fixed;inset:0',
    "`${ran=1}`",
    "{{constructor.constructor('ran=1')()}}",
    "&lt;script&gt;ran=1&lt;/script&gt;",
    "<!--><script>ran=1</script>-->",
    '<noscript><p title="</noscript><img src=x onerror=ran=1>">',
    "<x contenteditable onblur=ran=1 tabindex=1 autofocus>",
    "%3Cscript%3Eran=1%3C/script%3E",
    "\\u003cscript\\u003eran=1\\u003c/script\\u003e",
    '{"constructor":{"innerHTML":"<img src onerror=ran=1>"}}',
)
"""Markup of many kinds, which sets the variable `ran` when it is taken for markup."""
ADDRESSES = (
    "javascript:ran=1",
    "JaVaScRiPt:ran=1",
    "java\tscript:ran=1",
    "\x01javascript:ran=1",
    "javascript://example.org/%0aran=1",
    "data:text/html,<script>parent.ran=1</script>",
    "vbscript:ran=1",
    "blob:http://localhost/0",
    "file:///etc/passwd",
    "view-source:javascript:ran=1",
    "[click](javascript:ran=1)",
    "[click](<javascript:ran=1>)",
    "![x](javascript:ran=1)",
    "<javascript:ran=1>",
    "http://javascript:ran=1@example.org/",
    'https://example.org/"onmouseover="ran=1',
    "https://example.org/<script>ran=1</script>",
    "//192.0.2.1/x.js",
)
CODES = (
    "**<b onclick=ran=1>**",
    "`<script>ran=1</script>`",
    "```html\n<script>ran=1</script>\n```",
    "> <img src=x onerror=ran=1>",
    "*a **b `c* d** e`",
    "\x02\x0304,99<script>ran=1</script>\x0f",
    "\x04ff0000<img src onerror=ran=1>\x04",
    "\x11\x1d\x1e\x1f\x16" * 50 + "<u onclick=ran=1>",
    "\u202e<tpircs>1=nar\u202c",
    "\u2066\u2067\u2068" * 40 + "isolated",
    "a\u0300" * 200,
    "\ufdfd" * 30,
)


def assert_harmless(visitor: Visitor) -> None:
    """Fail if a text has become anything but text."""
    # While something is unread, the icon is a picture that the page has drawn: a `data:` address.
    visitor.until("!document.querySelector('link[rel=icon]')?.href.startsWith('data:')")
    found = visitor.page.evaluate(
        """() => {
            const wrong = [];
            if ("ran" in window) wrong.push("a script ran");
            const safe = /^(https?|ircs?|mailto):$/;
            for (const element of document.querySelectorAll("*")) {
                for (const { name, value } of element.attributes) {
                    if (name.startsWith("on") || name === "srcdoc")
                        wrong.push(`${element.tagName} ${name}=${value}`);
                    if (["href", "src", "action", "formaction", "xlink:href"].includes(name)) {
                        const url = new URL(value, location.href);
                        const own = url.origin === location.origin || url.protocol === "blob:";
                        if (!safe.test(url.protocol) && !own) wrong.push(`${name}=${value}`);
                    }
                }
                if (element.matches("iframe,object,embed,base,frame,applet,portal,marquee"))
                    wrong.push(element.outerHTML);
                if (element.matches("script") && new URL(element.src).origin !== location.origin)
                    wrong.push(element.outerHTML);
            }
            return wrong;
        }"""
    )
    assert found == []
