// Words of the demo's story. Forms parted by `|` are singular and plural.
export const story = {
  'story.title': 'A case, from the question to the proof',
  'story.intro':
    'Five minutes, and you are everybody in it. A bicycle was taken from the rack in front of the Central Railway Station. The police want two minutes of one camera. Nobody can simply look: you will see what it takes, and how a stranger checks it afterwards.',
  'story.real':
    'Nothing here is staged. The cameras of the demo city record as you read, what you file is a real request, and every step is ticked by the public log, not by this page.',
  'story.begin': 'Begin',
  'story.again': 'Begin again',
  'story.leave': 'Leave the story',
  'story.all': 'All steps',
  'story.strip': 'The story, step {n} of {all}',
  'story.done': 'done',
  'story.doneAt': 'done: entry {n} of the public log',
  'story.now': 'now',
  'story.later': 'later',
  'story.over': 'The story is over: you have seen the whole way.',
  'story.overNote':
    'What you opened stays open to Petra’s browser alone until its term ends; then the footage can be read by nobody again.',
  'story.meaning1':
    'Two minutes of one camera were opened, to one browser, for one stated reason, and anybody can check that it was so.',
  'story.meaning2':
    'Had the oversight body said no, or kept its key, it would have ended there: nobody could have watched, neither Petra nor the whole police together, and only the asking would stand in the log, for good.',
  'story.tab': '(a page of its own, in a new tab)',
  'story.number': '5500/R/1204/26',
  'story.necessity':
    'A bicycle was taken from the rack in front of the Central Railway Station. The camera sees the rack; two minutes show who cut the lock and where the bicycle went. There is no witness and no milder means.',

  'story.read': 'Read what the cameras do',
  'story.readText':
    'The public square says how many cameras there are, why, who answers for each of them, and how often footage was opened. Anybody may read it; nothing is asked of the reader.',
  'story.readGo': 'Open the public square',
  'story.ask': 'Ask, as Petra of the police',
  'story.askText':
    'Petra Lindqvist investigates. She names the case, the law, the camera and the minutes, and says why it is necessary. The form is filled in for you; look at it, then send it. From that moment the minutes are frozen, unseen, so that they cannot be lost while others decide.',
  'story.askGo': 'Be Petra and ask',
  'story.decide': 'Decide, as Anna of the oversight body',
  'story.decideText':
    'Nobody decides about their own request, nor does their own body. Anna Korhonen reads it at her own desk, on her own machine, which checks it before it shows it. Her yes is signed and stands in the public log before anything happens.',
  'story.decideGo': 'Open Anna’s desk',
  'story.release': 'Release two keys, as Kaisa and as Anna',
  'story.releaseText':
    'The footage opens only with a share of each group: one of the police, one of the oversight body. Each custodian releases theirs to Petra’s browser and to nobody else. The city’s own machine never has both.',
  'story.releaseGo': 'Open Kaisa’s desk',
  'story.releaseGo2': 'Open Anna’s desk',
  'story.play': 'Play and hand over, as Petra',
  'story.playText':
    'Petra’s browser checks every second against its seal, then decrypts and plays it, with her name across the picture. Export it: what leaves the house leaves a trace too.',
  'story.playGo': 'Be Petra and play',
  'story.check': 'Check it, as anybody',
  'story.checkText':
    'The opening is an entry of the public log. Your browser proves that it is there and that nothing before it was changed; a stranger with the exported file can do the same without us.',
  'story.checkGo': 'Check the proof',

} as const satisfies Record<string, string>;
