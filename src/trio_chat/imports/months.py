"""Dates in words, as `strftime` writes them into logs (`%a %b`) in the languages of glibc, and in
those of Windows and macOS that differ.

irssi and HexChat write dates in the language of the user.
"""

from datetime import date

_NAMES = """
jan feb mar apr may jun jul aug sep oct nov dec
янв фев мар апр мая июн июл авг сен окт ноя дек
янв февр март апр мая июнь июль авг сент окт нояб дек
jan feb mär apr mai jun jul aug sep okt nov dez
jän feb mrz apr mai juni juli aug sept okt nov dez
jan feb märz apr mai juni juli aug sept okt nov dez
jan fév mar avr mai jui jul aoû sep oct nov déc
jan fév mar avr mai jun jui aoû sep oct nov déc
janv févr mars avril mai juin juil août sept oct nov déc
ene feb mar abr may jun jul ago sep oct nov dic
gen feb mar apr mag giu lug ago set ott nov dic
jan fev mar abr mai jun jul ago set out nov dez
jan feb mrt apr mei jun jul aug sep okt nov dec
jan feb mars april mai juni juli aug sep okt nov des
jan feb mar apr maj jun jul aug sep okt nov dec
tammi helmi maalis huhti touko kesä heinä elo syys loka marras joulu
sty lut mar kwi maj cze lip sie wrz paź lis gru
led úno bře dub kvě čen čec srp zář říj lis pro
jan feb mar apr máj jún júl aug sep okt nov dec
jan febr márc ápr máj jún júl aug szept okt nov dec
січ лют бер кві тра чер лип сер вер жов лис гру
сту лют сак кра май чэр ліп жні вер кас ліс сне
яну фев мар апр май юни юли авг сеп окт ное дек
јан феб мар апр мај јун јул авг сеп окт нов дец
sij velj ožu tra svi lip srp kol ruj lis stu pro
jan feb mar apr maj jun jul avg sep okt nov dec
ian feb mar apr mai iun iul aug sep oct nov dec
oca şub mar nis may haz tem ağu eyl eki kas ara
ιαν φεβ μαρ απρ μαΐ ιουν ιουλ αυγ σεπ οκτ νοε δεκ
ιαν φεβ μάρ απρ μάι ιούν ιούλ αύγ σεπ οκτ νοέ δεκ
saus vas kov bal geg birž liep rugp rugs spal lapkr gruod
jan feb mar apr mai jūn jūl aug sep okt nov dec
gen febr març abr maig juny jul ag set oct nov des
urt ots mar api mai eka uzt abu ira urr aza abe
xan feb mar abr mai xuñ xul ago set out nov dec
jan feb mar apr mei jun jul agu sep okt nov des
jaan veebr märts apr mai juuni juuli aug sept okt nov dets
1月 2月 3月 4月 5月 6月 7月 8月 9月 10月 11月 12月
1월 2월 3월 4월 5월 6월 7월 8월 9월 10월 11월 12월
"""


_WEEKDAYS = """
pon wto śro czw pią sob nie
pon wto śro czw ptk sob ndz
po út st čt pá so ne
pon uto sri čet pet sub ned
lun mar mer jeu ven sam dim
"""
"""Those of the languages in which a month has the name of another one elsewhere."""


def _numbers(table: str, first: int) -> dict[str, set[int]]:
    """Return the numbers that each name has in some language."""
    found: dict[str, set[int]] = {}
    for line in table.split("\n"):
        for number, name in enumerate(line.split(), first):
            found.setdefault(name, set()).add(number)
    return found


_MONTHS = _numbers(_NAMES, 1)
_DAYS = _numbers(_WEEKDAYS, 0)


def _of(table: dict[str, set[int]], name: str) -> set[int]:
    return table.get(name.lower().rstrip("."), set())


def month_of(name: str) -> int:
    """Return the number of a month; 0 for a name that is of none, or of two of them: `lip` is July
    in Poland, and June in Croatia.
    """
    found = _of(_MONTHS, name)
    return min(found) if len(found) == 1 else 0


def date_of(weekday: str, month: str, day: int, year: int) -> date | None:
    """Return a date in words; None when there is none. Of two months with the same name it is the
    one in which the day is this weekday.
    """
    dates = [found for number in _of(_MONTHS, month) if (found := date_or_none(year, number, day))]
    if len(dates) > 1:
        dates = [each for each in dates if each.weekday() in _of(_DAYS, weekday)]
    return dates[0] if len(dates) == 1 else None


def date_or_none(year: int, month: int, day: int) -> date | None:
    """Return a date; None when there is none, such as the 30th of February."""
    try:
        return date(year, month, day)
    except ValueError:
        return None
