/// Finds the message for which a broker refuses transactions: by smaller and smaller ones, in the order of the messages.
struct Narrowing {
    /// Among so many messages, the next ones, is one that is to blame.
    private var suspects = 0

    /// How many messages the next transaction may have.
    private(set) var most = Int.max

    /// Takes in that a transaction was refused.
    ///
    /// - Parameter count: Its messages, at least two.
    mutating func refused(_ count: Int) {
        suspects = count
        most = count / 2
    }

    /// Takes in that a transaction was committed.
    ///
    /// - Parameter count: Its messages.
    mutating func written(_ count: Int) {
        suspects = max(0, suspects - count)
        most = suspects > 0 ? suspects : .max
    }
}
