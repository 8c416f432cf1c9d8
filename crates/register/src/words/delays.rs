//! Words for what was opened, and when its place and hour become public.
//! Never says less of a date that has passed than that it has.

use super::words;

words! {
    TITLE = "What was opened, and where" / "Шта је отворено и где";
    NAV = "Opened, delayed" / "Отворено, одложено";
    LEAD = "That footage is opened stands in the public log at once. Where and when it was filmed \
        follows on a date that the log names on the first day. If the date passes in silence, it \
        says so here in red."
        / "Да је снимак отворен стоји у јавном дневнику одмах. Где и када је снимљен објављује се \
        на датум који дневник каже првог дана. Ако датум прође у тишини, овде то пише црвено.";
    DEMO = "In this demo the dates come within minutes; in a real city an investigation may wait \
        90 days."
        / "У овом показном граду датуми стижу за неколико минута; у правом граду истрага сме да \
        чека 90 дана.";
    NONE = "Nothing has been opened yet." / "Још ништа није отворено.";
    NONE_HERE = "None stands so." / "Ниједан није такав.";
    EVERY = "All" / "Све";
    FILTER = "Which ones" / "Који";
    LIST = "Opened requests" / "Отворени захтеви";
    OPENED = "Place is public" / "Место је објављено";
    DELAYED = "Delayed" / "Одложено";
    OVERDUE = "Overdue" / "Рок је прошао";
    WITHDRAWN = "Taken down" / "Повучено";
    ERASED = "Records erased" / "Записи избрисани";
    BEFORE_DATES = "Before dates" / "Пре датума";
    S_DELAYED = "Place and hour follow on {at}" / "Место и сат следе {at}";
    S_OVERDUE = "Place and hour were due on {at} and are not public"
        / "Место и сат су морали бити објављени {at}, а нису";
    S_OPENED = "Its place is public and opens the log’s commitment"
        / "Место је објављено и отвара обавезу из дневника";
    S_WITHDRAWN = "Taken down on {at}: {why}" / "Повучено {at}: {why}";
    S_ERASED = "The city’s records were erased on {at}; the log’s commitment opens never again"
        / "Градски записи су избрисани {at}; обавеза из дневника се више никад не отвара";
    S_BEFORE = "Filed before the log named dates"
        / "Поднето пре него што је дневник садржао датуме";
    W_DANGER = "it endangered somebody" / "некога је угрожавало";
    W_COURT = "a court decided so" / "тако је одлучио суд";
    W_PRIVACY = "a person could be recognised by it" / "по томе се особа могла препознати";
    EXTENDED = "The date was moved once.|The date was moved {n} times."
        / "Датум је померен {n} пут.|Датум је померен {n} пута.|Датум је померен {n} пута.";
    FILED = "Filed {at}" / "Поднето {at}";
    MUCH = "{cameras}, {seconds} s each" / "{cameras}, по {seconds} с";
    ENTRY = "Entry {index}" / "Упис {index}";
    PLACE = "Where" / "Где";
    WHEN = "When" / "Када";
    UTC_DAY = "{day} (UTC)" / "{day} (UTC)";
    BY_ENTRY = "Live: its own entry in the log says when"
        / "Уживо: сопствени упис у дневнику каже када";
    WITHHELD = "Not told: fewer than {n} case shares this camera and hour|Not told: fewer than {n} \
        cases share this camera and hour"
        / "Није речено: ову камеру и сат дели мање од {n} предмета|Није речено: ову камеру и сат \
        дели мање од {n} предмета|Није речено: ову камеру и сат дели мање од {n} предмета";
    BY_PLACE = "Cases by camera and month" / "Предмети по камери и месецу";
    CAMERA = "Camera" / "Камера";
    CASES = "Cases" / "Предмети";
    SMALL = "Cells with fewer than {n} case are left out, so that one investigation cannot be read \
        out of a place and a month.|Cells with fewer than {n} cases are left out, so that one \
        investigation cannot be read out of a place and a month."
        / "Поља са мање од {n} предмета су изостављена, да се једна истрага не би могла прочитати \
        из места и месеца.|Поља са мање од {n} предмета су изостављена, да се једна истрага не би \
        могла прочитати из места и месеца.|Поља са мање од {n} предмета су изостављена, да се \
        једна истрага не би могла прочитати из места и месеца.";
    NOT_PROTECTED = "What this does not hide: that a request was filed, when, by whom and why \
        stands in the log at once, and the camera of each opened request on its date. Who was there \
        in those days may draw conclusions. Cases that are opened only to fill a cell would count."
        / "Шта ово не крије: да је захтев поднет, када, ко и зашто, стоји у дневнику одмах, а \
        камера сваког отвореног захтева на његов датум. Ко је тих дана тамо био, може да \
        закључује. Предмети отворени само да би попунили поље рачунали би се.";
    CHECK = "Each published line carries the salt that opens its commitment in the log. The \
        auditor’s window checks them all in your own browser."
        / "Уз сваки објављени ред иде со која отвара обавезу из дневника. Прозор ревизора их све \
        проверава у вашем прегледачу.";
    CHECK_GO = "Check them there" / "Проверите их тамо";
    AS_DATA = "The same as data" / "Исто као подаци";
    FRONT_OVERDUE = "{n} opened request is overdue: its place should be public.|{n} opened \
        requests are overdue: their places should be public."
        / "Рок је прошао за {n} отворен захтев: место мора бити објављено.|Рок је прошао за {n} \
        отворена захтева: места морају бити објављена.|Рок је прошао за {n} отворених захтева: \
        места морају бити објављена.";
}
