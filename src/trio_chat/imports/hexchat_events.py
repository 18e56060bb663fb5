"""Events in logs of HexChat, in the languages of its users.

HexChat writes an event as it writes an action, after `*` and a tab: `*<Tab>bob is now known as rob`
is one, and `*<Tab>bob waves` is none. So only the words tell. They are whole, as far as they go:
`*<Tab>bob gives anna a cookie` is an action, too.
"""

import re

_JOINED = (
    "ist beigetreten|s'ha unit|deltager|έχει εισέλθει|se ha unido|liittyi|vient de rentrer"
    "|telah bergabung|è entrato|が参加|님이 입장하였습니다|atėjo|har blitt med|dołączył/a|entrou"
    "|был добавлен|hyri|се прикључио/ла|har gått in|katıldı|已进入"
)
"""What stands behind the nickname and the address of somebody that has joined."""
_LEFT = (
    "ist gegangen|er gået|αποχώρησε|ha salido|poistui|est parti|telah meninggalkan|abbandona"
    "|님이 나갔습니다|išėjo|har forlatt|wyszedł/a|saiu|вышел|iku|је отишао/ла|har lämnat"
    "|ayrıldı|已离开"
)
_HAS_QUIT = (
    "ha sortit|odešel|har afsluttet|hat die Verbindung getrennt|εγκατέλειψε|se ha marchado|lopetti"
    "|a quitté|kijelentkezett|telah keluar|ha chiuso la connessione|atsijungė|har avsluttet"
    "|rozłączył/a się|saiu|desconectou-se|вышел|iku|је отишао|je otišao|har avslutat|çıktı|已退出"
)
_IS_NOW = (
    "és conegut com a|er nu kendt som|heißt jetzt|τώρα είναι ως|ahora es conocido como"
    "|est maintenant connu sous le nom de|sekarang namanya adalah|è ora conosciuto come"
    "|dabar žinomos kaip|er nå kjent som|jest znany teraz jako|agora é|mudou de apelido para"
    "|теперь известен как|tani njihet si|је сада познат као|je sada poznat kao|är nu känd som"
    "|artık bu şekilde biliniyor|改名为"
)
_WHO = r"(?P<nick>[^\s()\[\]]{1,64})"
_HOST = r"\([^@()]*@[^ ()]*\)"
COMMANDS = (
    ("JOIN", re.compile(rf"{_WHO} {_HOST} ?(?:{_JOINED})(?P<text>)\.?")),
    ("PART", re.compile(rf"{_WHO} {_HOST} ?(?:{_LEFT})(?: ?\((?P<text>.*)\))?\.?", re.DOTALL)),
    ("QUIT", re.compile(rf"{_WHO} (?:{_HAS_QUIT}) ?\((?P<text>.*)\)\.?", re.DOTALL)),
    ("NICK", re.compile(rf"{_WHO} (?:{_IS_NOW}) (?P<text>\S{{1,64}})")),
)
"""The events that are imported on request, each with the command; `log_lines` has those in English.
"""

_NAME = r"\S+"
_QUITS = (rf"(?:{_HAS_QUIT}) ?\(.*\)\.?$", rf"(?:{_IS_NOW}) {_NAME}$")
_BY_SOMEBODY = (
    # English
    "has quit \\(",
    f"has kicked {_NAME} from ",
    "has (?:changed|set) the topic ",
    f"is now known as {_NAME}$",
    "sets modes?:? [+[-]",
    f"sets (?:ban|exempt|invite exempt|quiet) on {_NAME}$",
    "sets channel (?:keyword|limit) to ",
    rf"(?:gives|removes) (?:channel (?:half-)?operator status|voice) (?:to|from) {_NAME}$",
    f"removes (?:ban|exempt|invite exempt|quiet) on {_NAME}$",
    "removes (?:channel keyword|user limit)$",
    # Danish, Norwegian, Swedish
    f"(?:har sparket|har kastet ut|har sparkat ut) {_NAME} (?:fra|från) ",
    "(?:har ændret emnet til|endret emnet til|har bytt ämnet till): ",
    rf"(?:giver|fjerner) (?:kanal ?(?:halv-)?operatørstatus|stemme) (?:til|fra) {_NAME}$",
    rf"(?:gir|fjerner) (?:(?:halv-)?operatør|stemme)privilegiet (?:til|fra) {_NAME}$",
    rf"(?:ger|tar bort) (?:(?:halv)?kanaloperatörsstatus|röst) (?:till|från) {_NAME}$",
    rf"(?:(?:sætter|fjerner) udelukkelse på|utestenger|fjerner utestengelse på) {_NAME}$",
    rf"(?:sätter|tar bort) bannlysning på {_NAME}$",
    "(?:sætter tilstande?|setter (?:flagg|modus)|sätter lägen?) [+[-]",
    # German
    f"hat {_NAME} aus {_NAME} hinausgeworfen ",
    "hat das Thema geändert zu: ",
    f"(?:gibt|entfernt) (?:Channel-Operator|Op|Voice)-Status (?:an|bei) {_NAME}$",
    f"erteilt {_NAME} Halb-Operator-Status$",
    f"(?:setzt einen Bann|entfernt den Bann) auf {_NAME}$",
    "setzt Mod(?:us|i) [+[-]",
    "(?:entfernt|setzt) (?:das Channel-Schlüsselwort|die Benutzerobergrenze)",
    # Spanish
    f"ha expulsado a {_NAME} de ",
    "ha cambiado el tema a: ",
    rf"(?:da|quita) (?:op|voz|semiop) a {_NAME}$",
    rf"(?:banea|quita el baneo) a {_NAME}$",
    "pone modos? [+[-]",
    "(?:pone|quita) (?:la contraseña|el límite)",
    # French
    f"a expulsé {_NAME} de ",
    "a modifié le sujet pour ?: ",
    rf"a (?:donné|enlevé) (?:l'état d'opérateur de canal|l'état de semi-opérateur de canal"
    rf"|la parole) à {_NAME}$",
    f"a banni {_NAME}$",
    f"supprime l'état de bannissement de {_NAME}$",
    "a (?:mis|activé) le mode [+[-]",
    "a enlevé (?:le mot de passe du canal|la limite du nombre d'utilisateurs)$",
    # Italian
    f"ha esplulso {_NAME} da ",
    "ha scelto come argomento: ",
    rf"ha (?:dato|tolto) (?:lo stato di (?:semi-)?operatore del canale|la parola) a {_NAME}$",
    rf"ha (?:impostato|rimosso) il (?:ban|quiet) (?:su|da) {_NAME}$",
    "ha impostato (?:la|le) modalità [+[-]",
    # Polish
    f"wyrzucił/ła {_NAME} z ",
    "zmienił temat na: ",
    rf"(?:daje|usuwa) (?:status (?:pół)?operatora kanału|głos)(?: dla)? {_NAME}$",
    rf"(?:ustawia|usuwa) bana na {_NAME}$",
    "ustawia (?:status|tryb) [+[-]",
    # Portuguese
    f"(?:expulsou {_NAME} de|chutou {_NAME} do) ",
    "alterou o tópico para: ",
    rf"(?:concedeu|retirou) (?:o )?estado de (?:meio-)?operador (?:a|de) {_NAME}$",
    rf"(?:concedeu voz a|retirou a voz de|deu voz a|removeu o modo de operator a) {_NAME}$",
    rf"(?:baniu|tirou banimento de|banido em|removeu o banimento em) {_NAME}$",
    "(?:ajustou|definiu) (?:o modo|os modos) [+[-]",
    # Russian
    f"был выкинут {_NAME} с ",
    "поменял топик на: ",
    rf"(?:дал|убрал) права (?:полу)?оператора канала (?:с )?{_NAME}$",
    rf"(?:дал голос|забрал голос у|забанил некоего|удалил бан на) {_NAME}$",
    "(?:установил|изменён) режим [+[-]",
    "убрал (?:ключевое слово канала|лимит пользователей)$",
    # Turkish, Chinese
    r"(?:konuyu şuna değiştirdi|已将主题更改为)[:：]",
    rf"(?:şunu yasaklar|屏蔽了|委任|给了|取消了|已将) {_NAME}",
)
"""What stands behind the nickname of the user that did something, by language."""
_BY_NOBODY = (
    "You are now|You have |Now talking|Topic (?:for|of)|Disconnected|Looking up|Connect"
    "|Received a CTCP|Channel |"
    "Taler nu på #|Snakker nå i #|Pratar nu på #|Du er nu kendt som |Du er nå kjent som "
    "|Du är nu känd som |Du har (?:forladt|forlatt) kanalen |Du har lämnat kanal "
    "|Du er blevet sparket fra #|Du har blitt kastet ut fra #|Du har sparkats ut från #"
    r"|Forbindelse afbrudt \(|Frakoblet \(|Frånkopplad \(|Emne for #|Ämne för #"
    "|Sie sprechen jetzt in #|Sie sind jetzt als |Sie haben den Kanal |Sie wurden aus #"
    r"|Getrennt \(|Das Thema für #|Verbunden\. |Verbinden zu "
    "|Unido a #|Ahora es conocido como |Ha abandonado el canal |Ha sido expulsado de #"
    r"|Desconectado \(|Tema de #|Conectado\. |Conectando a "
    "|Vous parlez maintenant sur #|Votre pseudonyme est maintenant "
    r"|Vous avez (?:quitté le canal|été expulsé de) |Déconnecté \(|Le sujet de #|Sujet de #"
    r"|Connecté\. |Connexion à "
    "|Parla in #|Il tuo soprannome è ora |Hai lasciato il canale "
    r"|Disconnessi \(|L'argomento di #|Argomento per #|Connesso\. |Connessione a "
    r"|Rozmawiasz na #|Jesteś teraz znany/na jako |Opuściłeś/aś kanał |Rozłączono \("
    "|Temat (?:dla )?#"
    r"|A conversar em #|Agora falando em #|Agora és conhecido como "
    r"|Você (?:mudou de apelido|saiu do canal|foi chutado de) |Saiu do canal |Desligado \("
    "|O tópico de #|Tópico (?:para |do )?#"
    r"|Теперь может вести беседу на #|Теперь вас зовут |Вы (?:покинули канал|вышли с канала"
    r"|были удалены с) |Соединение (?:разорвано|установлено|с )|Тема канала #|Топик для #"
)

_WITH_ADDRESS = r"[^ ]+ \([^ @()]*@[^ ()]*\)"
BY_NOBODY = re.compile(rf" |{_BY_NOBODY}")
"""With what an event begins that names nobody. Some in Chinese begin with a space, as no nickname
does.
"""
BY_SOMEBODY = re.compile(
    rf"{_WITH_ADDRESS}|[^ ]+ (?:{'|'.join((*_BY_SOMEBODY, *_QUITS))})", re.DOTALL
)
"""With what all other events begin."""
