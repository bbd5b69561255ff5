/// Puts messages aside that have failed as often as they may, so that their source may forget them.
///
/// Tried as often, and given as much time, as the handlers of its stage are. What it has taken is acknowledged as handled.
/// If it fails, the messages are acknowledged as failed, as they would be without it.
///
/// Called with at least one message; each has its ``Message/failure``. A pipeline that is cut off meanwhile delivers them
/// again, so the same message may come twice.
public typealias DeadLetters<Body: Sendable> = @Sendable (_ messages: [Message<Body>]) async throws -> Void
