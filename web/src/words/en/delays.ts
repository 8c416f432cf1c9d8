// Words of what is opened, delayed and overdue. Forms parted by `|` are singular and plural.
export const delays = {
  'court.none': 'without a court',
  'court.decision': 'a court decided so',
  'dly.title': 'Opened, delayed',
  'dly.intro':
    'Place and hour of everything that is opened become public on a date that the log names ' +
    'on the first day, beside the log, so that they can be taken down. This page reads the ' +
    'dates from the log and holds what is published against the log’s commitments, in your ' +
    'browser.',
  'dly.some':
    '{n} is overdue: its place should be public, and nothing that opens the commitment ' +
    'is.|{n} are overdue: their places should be public, and nothing that opens the ' +
    'commitments is.',
  'dly.none': 'Nothing is overdue.',
  'dly.empty': 'Nothing has been opened yet.',
  'dly.noneSo': 'None stands so.',
  'dly.read': '{n} entry read and checked.|{n} entries read and checked.',
  'dly.which': 'Which ones',
  'dly.all': 'All',
  'dly.more': 'Show more',
  'dly.overdue': 'Overdue',
  'dly.delayed': 'Delayed',
  'dly.opened': 'Place is public',
  'dly.withdrawn': 'Taken down',
  'dly.erased': 'Records erased',
  'dly.before_dates': 'Before dates',
  'dly.why.overdue':
    'Place and hour were due on {at}. Nothing that opens the log’s commitment is public: ask ' +
    'the city and the oversight body why.',
  'dly.why.delayed': 'Place and hour follow on {at}.',
  'dly.why.opened': 'The place is public since {at} and opens the log’s commitment: checked here.',
  'dly.why.withdrawn': 'Taken down on {at}: {why}.',
  'dly.why.erased':
    'The city’s records were erased on {at}. The commitment opens never again; the log is ' +
    'whole.',
  'dly.why.before_dates': 'Opened on {at}, and filed before the log named dates.',
  'dly.reason.danger': 'it endangered somebody',
  'dly.reason.court': 'a court decided so',
  'dly.reason.privacy': 'a person could be recognised by it',
  'dly.wrong':
    'Something else is published under this request that does NOT open the log’s commitment. ' +
    'It is not shown.',
  'dly.withheld':
    'Hour not told: fewer than {n} case shares it|Hour not told: fewer than {n} cases share ' +
    'it',
  'dly.live': 'Live: its own entry says when',
  'dly.moved': 'date moved once|date moved {n} times',
} as const satisfies Record<string, string>;
