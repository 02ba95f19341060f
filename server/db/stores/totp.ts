import { and, count, eq, lt } from 'drizzle-orm'
import type { TotpStore } from '../../ports'
import type { Database, Transaction } from '../client'
import { immediate } from '../client'
import { recoveryCodes, totp } from '../schema'

export function createTotpStore(db: Database): TotpStore {
  return {
    async find(userId) {
      const found = db.select().from(totp).where(eq(totp.userId, userId)).get()
      const left = db.select({ left: count() }).from(recoveryCodes).where(eq(recoveryCodes.userId, userId)).get()
      return found && { ...found, codesLeft: left?.left ?? 0 }
    },
    async enable(userId, { codeHashes, ...row }) {
      immediate(db, tx => {
        tx.delete(totp).where(eq(totp.userId, userId)).run()
        tx.insert(totp)
          .values({ userId, ...row })
          .run()
        writeCodes(tx, userId, codeHashes)
      })
    },
    async useStep(userId, step) {
      const newer = and(eq(totp.userId, userId), lt(totp.lastStep, step))
      return db.update(totp).set({ lastStep: step }).where(newer).run().changes > 0
    },
    async useRecoveryCode(userId, codeHash) {
      const mine = and(eq(recoveryCodes.userId, userId), eq(recoveryCodes.codeHash, codeHash))
      return db.delete(recoveryCodes).where(mine).run().changes > 0
    },
    async replaceRecoveryCodes(userId, codeHashes) {
      immediate(db, tx => writeCodes(tx, userId, codeHashes))
    },
    async remove(userId) {
      return immediate(db, tx => {
        writeCodes(tx, userId, [])
        return tx.delete(totp).where(eq(totp.userId, userId)).run().changes > 0
      })
    },
  }
}

function writeCodes(tx: Transaction, userId: string, codeHashes: readonly string[]): void {
  tx.delete(recoveryCodes).where(eq(recoveryCodes.userId, userId)).run()
  for (const codeHash of codeHashes) tx.insert(recoveryCodes).values({ userId, codeHash }).run()
}
