// UN/CEFACT Common Codes (Recommendation 20) that cities meet, as people write them. A code that is
// not here is shown as it is.
const SYMBOL: Record<string, string> = {
  CEL: '°C', FAH: '°F', KEL: 'K', P1: '%', C62: '', E37: 'px', '59': 'ppm', '61': 'ppb', GQ: 'µg/m³',
  GP: 'mg/m³', A93: 'g/m³', MTR: 'm', CMT: 'cm', MMT: 'mm', KMT: 'km', MTK: 'm²', MTQ: 'm³', LTR: 'l',
  MTS: 'm/s', KMH: 'km/h', MQS: 'm³/s', MQH: 'm³/h', L2: 'l/min', G51: 'l/s', SEC: 's', MIN: 'min',
  HUR: 'h', DAY: 'd', C26: 'ms', HTZ: 'Hz', KHZ: 'kHz', MHZ: 'MHz', DD: '°', C81: 'rad', PAL: 'Pa',
  A97: 'hPa', KPA: 'kPa', BAR: 'bar', MBR: 'mbar', WTT: 'W', KWT: 'kW', MAW: 'MW', WHR: 'Wh',
  KWH: 'kWh', MWH: 'MWh', VLT: 'V', '2Z': 'mV', AMP: 'A', '4K': 'mA', OHM: 'Ω', VA: 'VA', KVA: 'kVA',
  KVR: 'kvar', JOU: 'J', LUX: 'lx', LUM: 'lm', CDL: 'cd', '2N': 'dB', GRM: 'g', KGM: 'kg', TNE: 't',
  KMQ: 'kg/m³', D10: 'S/m', H61: 'mS/cm', NTU: 'NTU', Q30: 'pH', D54: 'W/m²', '4H': 'µm',
  '2A': 'rad/s', RPM: '1/min', DBM: 'dBm', '4L': 'MB', AD: 'B', EUR: '€',
};
/** Empty for what is only counted. */
export const unitSymbol = (code: string | null): string => (code === null ? '' : (SYMBOL[code] ?? code));
