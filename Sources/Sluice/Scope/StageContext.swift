/// What a stage may be given when it is made.
public struct StageContext: Sendable {
    let wakeAction: @Sendable () -> Void

    /// Lets a producer that had nothing be called again.
    ///
    /// It may be called from any thread and never waits. A wake during a call is remembered. It does nothing for other
    /// stages.
    public func wake() {
        wakeAction()
    }
}
