/// What the stream says about positions, in the order in which it was read.
package enum PositionFact: Equatable, Sendable {
    /// A transaction's first frame; when it was committed on the server, in microseconds since 2000, unless it is made up.
    case began(commitLSN: LSN, commitTime: Int64?)
    /// A transaction's end; without a number if all of it was safe before and is not delivered again.
    case committed(endLSN: LSN, sequence: UInt64?)
    /// The server has nothing before `walEnd` that it has not sent.
    case keepalive(walEnd: LSN)
}
