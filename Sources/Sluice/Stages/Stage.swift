/// What every stage has in common: the type of the events that it receives and of those that it emits.
///
/// Conform to exactly one of ``Producer``, ``ProducerConsumer``, ``TimedProducerConsumer``, ``Consumer``,
/// ``ManualConsumer`` and ``ManualProducerConsumer``; never to this protocol alone. A ``WorkerPool`` is a stage that is
/// made from a closure.
public protocol Stage: SendableMetatype {
    /// The events that the stage receives; `Never` for a producer.
    associatedtype Input: Sendable

    /// The events that the stage emits; `Never` for a consumer.
    associatedtype Output: Sendable
}

/// A stage that emits events.
public protocol EmittingStage: Stage {}

/// A stage that receives events.
public protocol ReceivingStage: Stage {}

/// A receiving stage whose demand the runtime keeps, by the window of each subscription.
public protocol AutomaticStage: ReceivingStage {}

/// A receiving stage that asks for itself.
public protocol ManualStage: ReceivingStage {}
