"""Names of months, as `strftime` writes them into logs (`%b`) in the languages of glibc.

irssi and HexChat write dates in the language of the user.
"""

_NAMES = """
jan feb mar apr may jun jul aug sep oct nov dec
янв фев мар апр мая июн июл авг сен окт ноя дек
jan feb mär apr mai jun jul aug sep okt nov dez
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
jaan veebr märts apr mai juuni juuli aug sept okt nov dets
1月 2月 3月 4月 5月 6月 7月 8月 9月 10月 11月 12月
1월 2월 3월 4월 5월 6월 7월 8월 9월 10월 11월 12월
"""


def _numbers() -> dict[str, int]:
    """Return the months by their names, without the names of two months: `lip` is July in Poland,
    and June in Croatia.
    """
    found: dict[str, set[int]] = {}
    for line in _NAMES.split("\n"):
        for number, name in enumerate(line.split(), 1):
            found.setdefault(name, set()).add(number)
    return {name: min(numbers) for name, numbers in found.items() if len(numbers) == 1}


_MONTHS = _numbers()


def month_of(name: str) -> int:
    """Return the number of a month; 0 for a name that is of none, or of two of them."""
    return _MONTHS.get(name.lower().rstrip("."), 0)
