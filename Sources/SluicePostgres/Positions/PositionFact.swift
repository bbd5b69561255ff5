/// What the stream says about positions, in the order in which it was read.
package enum PositionFact: Equatable, Sendable {
    /// A transaction's first frame; its events have numbers from `firstSequence` on.
    case began(commitLSN: LSN, firstSequence: UInt64)
    /// A transaction's end; without a number if all of it was safe before and is not delivered again.
    case committed(endLSN: LSN, sequence: UInt64?)
    /// The server has nothing before `walEnd` that it has not sent.
    case keepalive(walEnd: LSN)
}
