import { customType } from 'drizzle-orm/sqlite-core'

/**
 * A value kept as JSON text. Unlike drizzle's own JSON mode it writes NULL for null through placeholders too, so that
 * prepared statements and others leave the same behind.
 */
export function jsonColumn<Value>(name: string) {
  return customType<{ data: Value; driverData: string | null }>({
    dataType: () => 'text',
    toDriver: value => (value === null ? null : JSON.stringify(value)),
    fromDriver: text => (text === null ? null : JSON.parse(text)) as Value,
  })(name)
}
