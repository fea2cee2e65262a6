"""Names of months, and words between the parts of a date, in the languages that feeds are written in.

A name that is another month in another language is left out (Polish "listopada" is November, Croatian October): no date
beats a wrong one.
"""

from __future__ import annotations

from typing import Any

_NAMES = """
Jan January Januar Jän janv janvier enero ene gennaio gen janeiro januari január ianuarie ian января янв січня січ
stycznia sty ledna Ocak Oca tammikuuta Ιανουαρίου Ιαν
Feb February Februar févr fev février febrero febbraio fevereiro februari február febr februarie февраля фев лютого лют
lutego lut února Şubat Şub helmikuuta Φεβρουαρίου Φεβ
Mar March März Mär Mrz mars marzo março maart mrt marts március márc martie марта мар березня бер marca března Mart
maaliskuuta maret Μαρτίου Μαρ
Apr April avr avril abril abr aprile április ápr aprilie апреля апр квітня квіт кві kwietnia kwi dubna Nisan Nis
huhtikuuta Απριλίου Απρ
May Mai mayo maggio mag maio mei maj május máj мая май травня трав тра maja května Mayıs toukokuuta Μαΐου Μαΐ Μαϊ
Jun June Juni juin junio giugno giu junho június jún iunie iun июня июн червня черв чер czerwca cze června Haziran Haz
kesäkuuta Ιουνίου Ιουν
Jul July Juli juil juillet julio luglio lug julho július júl iulie iul июля июл липня лип lipca července Temmuz Tem
heinäkuuta Julai Ιουλίου Ιουλ
Aug August août agosto ago augustus augusti augusztus августа авг серпня серп сер sierpnia sie srpna Ağustos Ağu
elokuuta agustus agu Αυγούστου Αυγ
Sep Sept September septembre septiembre settembre set setembro szeptember szept septembrie сентября сен сент вересня вер
września wrz září Eylül Eyl syyskuuta Σεπτεμβρίου Σεπ
Oct October Okt Oktober octobre octubre ottobre ott outubro out október octombrie октября окт жовтня жовт жов
października paź října Ekim Eki lokakuuta Οκτωβρίου Οκτ
Nov November novembre noviembre novembro noiembrie ноября ноя нояб листопада листопад listopadu Kasım Kas marraskuuta
Νοεμβρίου Νοε
Dec December Dez Dezember déc décembre diciembre dic dicembre dezembro desember des decembrie декабря дек грудня груд
гру grudnia gru prosince Aralık Ara joulukuuta Δεκεμβρίου Δεκ
"""
_FIRST = frozenset(("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"))
_FILLERS = (
    "mo di mi do fr sa so montag dienstag mittwoch donnerstag freitag samstag sonntag uhr um "
    "lun mar mer jeu ven sam dim lundi mardi mercredi jeudi vendredi samedi dimanche le à "
    "lunes martes miércoles jueves viernes sábado domingo de del mié jue vie sáb dom el às kl klo ore в г р року"
)


def months() -> Any:
    """Twelve tuples of names, as dateutil wants them."""
    found: list[list[str]] = []
    for name in _NAMES.split():
        found += [[]] if name in _FIRST else []
        found[-1].append(name)
    return [tuple(names) for names in found]


def fillers() -> list[str]:
    """Words that say nothing: days of the week, "at", "of", "year"."""
    return _FILLERS.split()
