import type { Fault } from "../delivery/Backlog.ts"
import type { DeliveryFaults } from "../delivery/Delivery.ts"
import { instant } from "./answers.ts"

const faultAnswer = ({ sinceMillis, error }: Fault) => ({ since: instant(sinceMillis), error })

/** Whether notifications arrive: how many wait, and what keeps them from arriving; free of addresses. */
export const deliveryAnswer = (waiting: number, { receivers, outbox }: DeliveryFaults) => ({
  waiting,
  failing_receivers: receivers.map(({ receiver, ...fault }) => ({ receiver, ...faultAnswer(fault) })),
  outbox_fault: outbox === null ? null : faultAnswer(outbox),
})
