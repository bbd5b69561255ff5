/// What a stage does at one moment.
public enum StageActivity: String, Codable, Sendable {
    /// A handler runs, or a timed stage is full; that it waits for something of its own does not show.
    case busy
    /// It could work, and its consumers want nothing.
    case waitingForDemand
    /// It has nothing: no events, or a source that had nothing when it was last called.
    case waitingForEvents
    /// It is held back by ``StageHandle/pause()``.
    case paused
    /// It will emit nothing any more.
    case ended
}
