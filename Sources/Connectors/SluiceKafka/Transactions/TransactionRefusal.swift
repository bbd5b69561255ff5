import SluiceSinks

/// A transaction is not taken for what is in it, and is aborted.
enum TransactionRefusal: Error {
    /// A broker refused a set of records, in which not all need be to blame: a smaller transaction tells. This one had so
    /// many messages, at least two.
    case suspect(count: Int)
    /// These messages, one or more, are never taken. Without them it may be.
    case refused([DeadLetter])
}
