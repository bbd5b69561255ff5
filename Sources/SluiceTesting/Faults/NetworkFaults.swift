/// What a ``FaultProxy`` does to the connections that pass it; by default, nothing.
public struct NetworkFaults: Hashable, Sendable {
    /// How long every byte is kept before it goes on, in each direction.
    public var delay = Duration.zero

    /// How many bytes go on in a second, in each direction of each connection, at least 1; `nil`: as many as come.
    ///
    /// What is not read yet is then held back by TCP itself, as by a peer that reads slowly.
    public var bytesPerSecond: Int?

    /// Swallows all bytes and ends in both directions, and leaves both sides connected.
    ///
    /// A connection that lost something is reset when this ends: TCP never goes on with a hole.
    public var isHalfOpen = false

    /// How old a connection gets before it is reset; `nil`: as old as its ends want.
    public var lifetime: Duration?

    /// Resets new connections at once, as a host does on which nobody listens.
    public var refusesConnections = false

    /// Makes a network without faults.
    public init() {}
}
