// The server's own sentences in Serbian, by the English sentence ({} stands for a value; {state},
// {hold} and {body} for a value that has a word). What is not here is shown as the server said it.
// A test compares the English with the source of the crates, so that none drifts away unseen.
export const said: [english: string, serbian: string][] = [
  // Why a decision went against it (crate policy, decide.rs).
  [
    'the account is disabled or no longer in the roster',
    'налог је угашен или га више нема на списку',
  ],
  ['an administrator acts on no request', 'администратор не поступа ни по једном захтеву'],
  ['the role that this takes is missing', 'недостаје улога која је за то потребна'],
  [
    "the legal basis is not in the city's list for this purpose",
    'правни основ није на списку града за ову сврху',
  ],
  ['this body cannot file for this purpose', 'ово тело не може да поднесе захтев у ову сврху'],
  ['only the requester may do this', 'то сме само подносилац'],
  [
    'nobody decides or releases their own request',
    'о свом захтеву нико не одлучује и не предаје кључ',
  ],
  ['the second person must be of the other body', 'друга особа мора бити из другог тела'],
  ['no approval stands', 'нема важећег одобрења'],
  [
    'within the police, approver and custodian must be two people',
    'у полицији одобравалац и чувар кључа морају бити две особе',
  ],
  ['one person cannot act for both groups', 'једна особа не може да поступа за обе групе'],
  ['the request is not at this point of the line', 'захтев није на том кораку'],
  ['the time for this is over', 'време за то је истекло'],
  ['not both groups have released', 'нису обе групе предале кључеве'],
  ['the purpose of this request does not know this act', 'сврха овог захтева то не предвиђа'],
  ['{} holds no role that may do this', '{} нема улогу која то сме'],
  // Requests and cases.
  ['a case number has 1–{} characters', 'број предмета има од 1 до {} знакова'],
  [
    'say why this footage is needed, in 10 to 4,000 characters',
    'напишите зашто је снимак потребан, од 10 до 4.000 знакова',
  ],
  [
    'the request was written for another case or purpose than this one',
    'захтев је састављен за други предмет или другу сврху',
  ],
  [
    'the rules have changed since this request was written; write it again',
    'правила су се променила откако је захтев састављен; саставите га поново',
  ],
  [
    'the request names another requester than the person signed in',
    'захтев наводи другог подносиоца, а не пријављену особу',
  ],
  ['name 1 to {} cameras', 'наведите од 1 до {} камера'],
  ['over {} spans; ask for less time', 'више од {} одсечака; тражите краће време'],
  ['`from` lies before `to`, at most 24 h apart', 'почетак је пре краја, а између је највише 24 ч'],
  [
    '`from` must be before `to`, and at most 24 h lie between them',
    'почетак мора бити пре краја, а између је највише 24 ч',
  ],
  ['nothing is recorded there, or it is destroyed', 'ту ништа није снимљено или је уништено'],
  [
    '{} {} has reached retention and is destroyed',
    '{}, одсечак {}: рок чувања је истекао и уништен је',
  ],
  ['{} {} is destroyed', '{}, одсечак {}: уништен је'],
  ['the request is {}', 'стање захтева: {state}'],
  [
    'the request has moved on meanwhile; look at it again',
    'захтев је у међувремену отишао даље; погледајте га поново',
  ],
  ['this request was filed before', 'овај захтев је већ поднет'],
  [
    '{} of your requests are waiting; withdraw one first',
    'на чекању је {} ваших захтева; прво неки повуците',
  ],
  ['{} has 1–{} characters', '{} има од 1 до {} знакова'],
  ['there is no such case', 'таквог предмета нема'],
  ['this case is closed', 'овај предмет је затворен'],
  [
    'this case is closed; open another one for what comes after',
    'овај предмет је затворен; за оно што следи отворите други',
  ],
  [
    "whoever opened a case closes it, or the oversight body's auditor",
    'предмет затвара ко га је отворио или ревизор надзорног тела',
  ],
  [
    'a request of this case still runs; withdraw it or wait for its end, then close the case',
    'захтев овог предмета је још у току; повуците га или сачекајте крај, па затворите предмет',
  ],
  [
    "the oversight body's auditor reads what is unexplained",
    'шта није објашњено чита ревизор надзорног тела',
  ],
  ['there is no such request', 'таквог захтева нема'],
  ['there is no such hold', 'таквог задржавања нема'],
  ['there is no such person', 'такве особе нема'],
  ['there is no such span', 'таквог одсечка нема'],
  // Holds and night duty.
  ['police or oversight ask for holds', 'задржавање траже полиција или надзорно тело'],
  ['holds are for police and oversight', 'задржавања се тичу полиције и надзорног тела'],
  ['give the reason in 10 to 2,000 characters', 'наведите разлог, од 10 до 2.000 знакова'],
  ['a hold ends within a year', 'задржавање се завршава у року од годину дана'],
  [
    'a hold is reviewed within 90 days and before it ends',
    'задржавање се поново разматра у року од 90 дана и пре краја',
  ],
  [
    '{} {} is not stored; name a first and a last span that are',
    '{}, одсечак {} није сачуван; наведите први и последњи који јесу',
  ],
  [
    'a span was destroyed this moment; ask again',
    'један одсечак је управо уништен; затражите поново',
  ],
  ['this hold was asked for before', 'ово задржавање је већ затражено'],
  ['the hold is {}', 'стање задржавања: {hold}'],
  ['{} holds that you asked for are waiting', 'на чекању је {} задржавања која сте затражили'],
  [
    'a running request names spans of this hold',
    'захтев који је у току наводи одсечке овог задржавања',
  ],
  [
    'an approver or custodian of each body agrees',
    'сагласност даје одобравалац или чувар кључа из сваког тела',
  ],
  [
    "approvers and custodians keep their body's rota",
    'смене уписују одобраваоци и чувари свог тела',
  ],
  [
    'a turn has from < to and rank 0, 1 or 2',
    'смена почиње пре него што се заврши; ред је први до трећи',
  ],
  ['at most {} turns', 'највише {} смена'],
  ["{} is not on your body's duty", '{} не дежура за ваше тело'],
  // What residents ask and complain of.
  ['give a name, in at most 100 characters', 'наведите име, највише 100 знакова'],
  [
    'say how you can be reached, in at most 200 characters',
    'наведите како се до вас долази, највише 200 знакова',
  ],
  [
    'say it in at most 2,000 characters, all of them seen',
    'напишите највише 2.000 знакова, и то видљивих',
  ],
  [
    '`from` lies before `to`, at most 2 hours apart',
    'почетак је пре краја, а између су највише 2 сата',
  ],
  ['the time has not passed yet', 'то време још није прошло'],
  [
    'too much is asked for at the moment; ask for less time, try again tomorrow, or write to the city',
    'тренутно се тражи превише; тражите краће време, покушајте сутра или пишите граду',
  ],
  ['say what it is about, in at least 10 characters', 'напишите о чему се ради, бар 10 знакова'],
  [
    'too many complaints wait at the moment; try again tomorrow, or write to the oversight body',
    'тренутно чека превише притужби; покушајте сутра или пишите надзорном телу',
  ],
  [
    'say in 10 to 2,000 characters what was answered',
    'напишите шта је одговорено, од 10 до 2.000 знакова',
  ],
  ['it was answered before', 'на то је већ одговорено'],
  [
    "residents are answered by investigators and the oversight body's auditor",
    'становницима одговарају истражитељи и ревизор надзорног тела',
  ],
  [
    "complaints are read by the oversight body's auditor",
    'притужбе чита ревизор надзорног тела',
  ],
  ['there is no such ask', 'такве молбе нема'],
  ['there is no such complaint', 'такве притужбе нема'],
  ['there is no such reference', 'такве ознаке нема'],
  // Statements, the desk and the auditor.
  ['a custodian of each group must agree', 'сагласан мора бити по један чувар кључа из обе групе'],
  ["a custodian releases their own group's shares", 'чувар предаје само уделе своје групе'],
  ['this statement was made before', 'ова изјава је већ дата'],
  [
    "signed at {}, but it is {} here; check this machine's clock and sign again",
    'потписано у {}, а овде је {}; проверите сат овог рачунара и потпишите поново',
  ],
  ['the signature of {} does not hold', 'потпис не важи: {}'],
  ['the note is over {} characters', 'белешка има више од {} знакова'],
  [
    "the oversight body's auditor reads the access log",
    'дневник приступа чита ревизор надзорног тела',
  ],
  ['the passphrase is not right', 'лозинка није тачна'],
  ['this request does not concern you, or is over', 'овај захтев вас се не тиче или је завршен'],
  [
    'nobody has approved this request: nothing is released',
    'овај захтев нико није одобрио: ништа се не предаје',
  ],
  ['not done, because a check failed: {}', 'није учињено, јер једна провера није прошла: {}'],
  ['the city says: {}', 'град каже: {}'],
  ['the city answered {}', 'град је одговорио: {}'],
  ['{} does not answer', '{} не одговара'],
  ["the city's answer broke off", 'одговор града је прекинут'],
  [
    'the public log is not the one that this desk has seen before',
    'јавни дневник није онај који је овај сто раније видео',
  ],
  [
    'the public log is not signed by a key of your log policy',
    'јавни дневник није потписан кључем из ваших правила о дневнику',
  ],
  [
    'the city shows another roster than the one that this desk trusts',
    'град показује други списак чувара, а не онај коме овај сто верује',
  ],
  // What a desk has checked, and what it has not found.
  ['the text shown is the one that the hash names', 'приказани текст је онај који отисак наводи'],
  [
    'the text of the request is not the one that its hash names',
    'текст захтева није онај који његов отисак наводи',
  ],
  [
    'the text of the hold is not the one that its hash names',
    'текст задржавања није онај који његов отисак наводи',
  ],
  ['the request is bound to case {}', 'захтев је везан за предмет {}'],
  [
    'the case number shown is not the one that the request commits to',
    'приказани број предмета није онај за који је захтев везан',
  ],
  ['{} may ask, for the {}', '{} сме да тражи, за тело: {body}'],
  [
    '{} may not ask: the roster names neither investigator nor auditor',
    '{} не сме да тражи: по списку није ни истражитељ ни ревизор',
  ],
  ['{} may not ask for a hold', '{} не сме да тражи задржавање'],
  [
    'request and approval are entries {} and {} of the cosigned log',
    'захтев и одобрење су уписи {} и {} у дневнику који су сведоци потписали',
  ],
  [
    'the request is entry {} of the cosigned log',
    'захтев је упис {} у дневнику који су сведоци потписали',
  ],
  ['the reason shown is the one that the request names', 'приказани разлог је онај који захтев наводи'],
  [
    'the reason shown is not the one that the requester wrote',
    'приказани разлог није онај који је подносилац написао',
  ],
  ['the request is not signed by {}', 'захтев није потписао: {}'],
  [
    '{} has signed the request and the key that the footage goes to',
    '{}: потписан је захтев и кључ на који снимак иде',
  ],
  [
    'version {} of the roster is entry {} of the log, signed by both groups',
    'списак, издање {}, упис је {} у дневнику, потписале су га обе групе',
  ],
  [
    "the newest log that the witnesses vouch for is {} minutes old, which is too old to act on: the city shows an old log, the witnesses are away, or this machine's clock is wrong",
    'најновији дневник за који сведоци јемче стар је {} мин, што је престаро да се поступа: град показује стари дневник, сведоци су одсутни, или је сат овог рачунара погрешан',
  ],
  [
    "the witnesses' clocks and this machine's disagree: set this machine's clock",
    'сатови сведока и овог рачунара се не слажу: подесите сат овог рачунара',
  ],
  // Why a witness does not cosign (crate transparency, gather).
  ['it cannot be reached', 'није доступан'],
  ['it does not answer in time', 'не одговара на време'],
  ['it has cosigned another tree of {} entries', 'потписао је друго стабло од {} уписа'],
  [
    'this log does not continue the {} entries that it cosigned',
    'овај дневник не наставља {} уписа које је потписао',
  ],
  [
    'it has cosigned {} entries, and this log has {}: the log was put back',
    'потписао је {} уписа, а овај дневник их има {}: дневник је враћен уназад',
  ],
  ['it answers {}: {}', 'одговара {}: {}'],
  ['another server submits the same log', 'други сервер му шаље исти дневник'],
  ['{} vouch for the log of {} entries, {} s ago', '{} јемче за дневник од {} уписа, пре {} с'],
  [
    'the public log says something else of this request than its text',
    'јавни дневник о овом захтеву каже друго него његов текст',
  ],
  [
    'the public log commits to another time or place than the request',
    'јавни дневник наводи друго време или место него захтев',
  ],
  [
    'the public log holds another approval than the one shown',
    'јавни дневник садржи друго одобрење, а не приказано',
  ],
  [
    'the requester has approved their own request',
    'подносилац је одобрио сопствени захтев',
  ],
  [
    'the witnesses outside the city are being asked for this entry of the log; it takes a moment',
    'сведоци изван града се питају за овај упис у дневнику; то траје тренутак',
  ],
  [
    'too few witnesses outside the city answer, so nothing is opened now; recording, freezing, holding and destroying go on, and what waits goes on by itself once they are back',
    'премало сведока изван града одговара, па се сада ништа не отвара; снимање, замрзавање, задржавање и уништавање иду даље, а оно што чека наставља се само када се врате',
  ],
  [
    'the request names another reason than the one written; write it again',
    'захтев наводи други разлог, а не написани; саставите га поново',
  ],
  [
    'the hold is entry {} of {} in the public log',
    'задржавање је упис {}, од {} у јавном дневнику',
  ],
  [
    'the public log does not show that this request was filed',
    'јавни дневник не показује да је овај захтев поднет',
  ],
  ['the public log does not show the approval', 'јавни дневник не показује одобрење'],
  ['the public log does not show this hold', 'јавни дневник не показује ово задржавање'],
  [
    '{} ({}) has approved, with their own key, on {}',
    '{} ({body}) одобрава, својим кључем, дана {}',
  ],
  [
    "the approval is dated {}, and it is {} by this machine's clock: too long ago, or not yet",
    'одобрење носи датум {}, а по сату ове машине је {}: предавно је, или тек треба да дође',
  ],
  [
    '{} ({}) has approved, with their own passkey, on {}',
    '{} ({body}) одобрава, својим кључем за приступ, дана {}',
  ],
  [
    'here a statement is signed with a passkey; the key file signs at the desk',
    'овде се изјава потписује кључем за приступ; датотека с кључем потписује на столу',
  ],
  [
    'the roster does not name this passkey for this person',
    'списак не наводи овај кључ за приступ за ову особу',
  ],
  [
    'the break-glass account administers, and may do nothing else',
    'налог за невољу служи за управљање и ништа друго',
  ],
  [
    '{} opened the break-glass account, which cannot disable them',
    'налог за невољу не може да угаси онога ко га је отворио ({})',
  ],
  [
    '{} is the last enabled one who {}; the break-glass account cannot disable them',
    '{} је последња укључена особа која {}; налог за невољу је не може угасити',
  ],
  ['keeps a key of the police', 'чува кључ полиције'],
  ['keeps a key of the oversight body', 'чува кључ надзорног тела'],
  ['approves for the police', 'одобрава за полицију'],
  ['approves for the oversight body', 'одобрава за надзорно тело'],
  ['is the second person of the police', 'је друга особа у полицији'],
  ['audits for the oversight body', 'врши ревизију за надзорно тело'],
  ['administers', 'управља системом'],
  ['{} may not approve this', '{} не сме ово да одобри'],
  ['the approval is not signed by {}', 'одобрење није потписао: {}'],
  ['the approval is about something else', 'одобрење се односи на нешто друго'],
  // The alarm list, notes and views.
  ['this alarm is not on the list any more', 'овог аларма више нема на списку'],
  ['this alarm was acknowledged before', 'овај аларм је већ потврђен'],
  ['this alarm is shelved; take it off the shelf first', 'овај аларм је одложен; прво га вратите'],
  ['this alarm is not shelved', 'овај аларм није одложен'],
  ["this is no alarm's name", 'ово није назив аларма'],
  [
    'a shelf ends in the future, within 12 hours',
    'одлагање се завршава у будућности, у наредних 12 сати',
  ],
  [
    'give the reason in one line, 3 to 300 characters',
    'наведите разлог у једном реду, од 3 до 300 знакова',
  ],
  [
    'a hand-over note has 1 to 4,000 characters',
    'белешка о предаји смене има од 1 до 4.000 знакова',
  ],
  [
    'at most 60 notes of one person in an hour',
    'највише 60 бележака једне особе за један сат',
  ],
  [
    'a saved view has a number from 1 to 9, a name of 1 to 60 characters and an address',
    'сачувани приказ има број од 1 до 9, назив од 1 до 60 знакова и адресу',
  ],
  // Signing in, and anything.
  ['please sign in', 'пријавите се'],
  [
    'many people are signing in; try again in a moment',
    'много људи се управо пријављује; покушајте за тренутак',
  ],
  ['too many failed sign-ins; try again in {} s', 'превише неуспелих пријава; покушајте за {} с'],
  [
    'too many sign-ins fail just now; try in a minute',
    'превише неуспелих пријава; покушајте за минут',
  ],
  ['too many desk calls just now; try in a minute', 'превише позива са стола; покушајте за минут'],
  [
    'the request could not be completed; the operator has the detail',
    'захтев није извршен; подробности има оператер',
  ],
  ['there is nothing at this address', 'на овој адреси нема ничега'],
  [
    'too many pages follow the events; close one and try again',
    'превише страница прати догађаје; затворите неку и покушајте поново',
  ],
  // When place and hour become public (crate policy, disclosure).
  [
    'the date has come; what is public can only be taken down',
    'датум је дошао; објављено може само да се повуче',
  ],
  ['the new date is later than the present one', 'нови датум мора бити каснији од садашњег'],
  [
    'the same is asked about this request already and waits',
    'исто је о овом захтеву већ тражено и чека',
  ],
  ['{} of your asks wait for the oversight body', '{} ваших тражења чека надзорно тело'],
  [
    'nothing is public yet; ask for a later date',
    'још ништа није објављено; затражите каснији датум',
  ],
  ['it is taken down already', 'већ је повучено'],
  [
    'the request runs still; records are erased when it is over',
    'захтев још траје; записи се бришу кад се заврши',
  ],
  ['the records of this request are erased', 'записи о овом захтеву су избрисани'],
  ['nobody agrees to their own ask', 'нико не даје сагласност на оно што је сам тражио'],
  [
    'an approver of the oversight body agrees',
    'сагласност даје особа надзорног тела која одобрава',
  ],
];

export type Known = (kind: 'state' | 'hold' | 'body', value: string) => string;

const escaped = (s: string) => s.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
// The longest text first: it leaves least room for guessing.
const table = said
  .toSorted(([a], [b]) => b.length - a.length)
  .map(([english, serbian]) => ({
    shape: new RegExp(`^${english.split('{}').map(escaped).join('(.+)')}$`, 's'),
    serbian,
  }));

/** The sentence in Serbian (Cyrillic), or null where nobody has translated it. */
export function inSerbian(sentence: string, known: Known): string | null {
  for (const row of table) {
    const values = row.shape.exec(sentence)?.slice(1);
    if (!values) continue;
    return row.serbian.replace(/\{(\w*)\}/g, (_, kind: string) => {
      const value = values.shift() ?? '';
      return kind ? known(kind as 'state', value) : (inSerbian(value, known) ?? value);
    });
  }
  const parts = sentence.split('; ');
  if (parts.length < 2) return null;
  const each = parts.map((p) => inSerbian(p, known));
  return each.every((p) => p !== null) ? each.join('; ') : null;
}
