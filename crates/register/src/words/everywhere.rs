//! Words that stand on every page of the square. Never longer than a phone's line allows.

use super::words;

words! {
    SKIP = "Skip to the page" / "Пређите на садржај";
    ROOMS = "Rooms" / "Собе";
    LANGUAGE = "Language" / "Језик";
    SQUARE = "Public square" / "Јавни трг";
    OPS = "Operator" / "Оператер";
    EVIDENCE = "Evidence room" / "Соба за доказе";
    AUDIT = "Auditor’s window" / "Прозор ревизора";
    DEMO_LABEL = "Demo" / "Показни град";
    DEMO = "Demo: this machine holds everybody’s keys; in a real city the custodians keep theirs."
        / "Показни град: на овој машини су кључеви свих људи; у правом граду чувари своје држе код \
        себе.";
    STORY = "The five-minute story" / "Прича од пет минута";
    FOOTER = "Loggia runs on the city’s own machines. It recognises no faces, reads no number \
        plates and calls nobody."
        / "Loggia ради на градским машинама. Не препознаје лица, не чита таблице и никоме се не \
        јавља.";
    ZONE = "Times are in {zone}, the city’s zone." / "Времена су по зони {zone}, зони града.";

    ON_SQUARE = "On the square" / "На тргу";
    OVERVIEW = "Overview" / "Преглед";
    CAMERAS = "Cameras" / "Камере";
    STATISTICS = "Figures" / "Бројке";
    RULES = "Rules" / "Правила";
    CHECK = "Check us" / "Проверите нас";
    ASK = "Ask for your footage" / "Затражите свој снимак";
    COMPLAIN = "Complain" / "Притужба";
    FEED = "News by RSS" / "Новости преко RSS";

    NOT_FOUND = "There is no such page" / "Таква страница не постоји";
    NOT_FOUND_TRY = "The address may be mistyped or out of date. Begin at the square:"
        / "Адреса је можда погрешно откуцана или застарела. Почните од трга:";
    BROKEN = "This cannot be shown now" / "Ово сада не може да се прикаже";
    BROKEN_TRY = "Something broke on the server, and no old figure is shown in place of a true \
        one. Nothing was sent. Try again in a minute; the other pages may still work."
        / "На серверу се нешто покварило, а стара бројка се не приказује уместо тачне. Ништа \
        није послато. Покушајте поново за минут; друге странице можда раде.";

    PAPER = "Drawn at {at}, {zone}. The public log had {n} entry then.|Drawn at {at}, {zone}. The \
        public log had {n} entries then."
        / "Приказано {at}, {zone}. Јавни дневник је тада имао {n} упис.|Приказано {at}, {zone}. \
        Јавни дневник је тада имао {n} уписа.|Приказано {at}, {zone}. Јавни дневник је тада имао \
        {n} уписа.";
    COUNTED = "Counted at {at}, over {n} entry of the public log.|Counted at {at}, over {n} \
        entries of the public log."
        / "Избројано {at}, из {n} уписа јавног дневника.|Избројано {at}, из {n} уписа јавног \
        дневника.|Избројано {at}, из {n} уписа јавног дневника.";
}
