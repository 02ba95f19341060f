import { computed } from 'vue'
import { formattersOf } from './format/formatters'
import { bytesIn, durationParts, relativeParts } from './format/quantities'

/** Less is not told apart on screen. */
const SHOWN_CORES = 0.1

/** Numbers, sizes, times and durations in the language of the reader. */
export function useFormat() {
  const { locale, t } = useI18n()
  const use = computed(() => formattersOf(locale.value))

  return {
    /** Cores in use: next to nothing is not nothing. */
    cores: (value: number) =>
      value < SHOWN_CORES ? `< ${use.value.number.format(SHOWN_CORES)}` : use.value.number.format(value),
    number: (value: number) => use.value.number.format(value),
    count: (value: number) => use.value.whole.format(value),
    percent: (share: number) => use.value.percent.format(share),
    /** `1.4 GB`: powers of 1,024. */
    bytes(value: number) {
      const { amount, unit } = bytesIn(value)
      return `${use.value.number.format(amount)} ${unit}`
    },
    exact: (at: number) => use.value.exact.format(at),
    clock: (at: number) => use.value.clock.format(at),
    /** `3 minutes ago`; within a few seconds `just now`. */
    relative(at: number, now: number) {
      const parts = relativeParts(at - now)
      return parts ? use.value.relative.format(parts.amount, parts.unit) : t('time.justNow')
    },
    /** `3 d 4 h`, `12 min 5 s`: the two largest units. */
    duration(ms: number) {
      return durationParts(ms)
        .map(part => t(`time.${part.unit}`, { n: use.value.whole.format(part.amount) }))
        .join(' ')
    },
  }
}
