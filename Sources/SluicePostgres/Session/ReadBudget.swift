/// The byte account that a reader asks before it reads.
package protocol ReadBudget: Sendable {
    /// What is reserved before a read, and how much an answer's events may cost, except for one that costs more by itself.
    ///
    /// It is always the same.
    var readUnit: Int { get }

    /// Takes bytes from the account; `false` if there is no room, and then the reader's `wake` is called when there is.
    func reserve(bytes: Int) -> Bool

    /// Corrects a reservation to what was used; `used` is released later by whoever the events go to.
    func settle(reserved: Int, used: Int)

    /// Whether at least half of the account is free: a session that was closed in a pause starts again only then.
    var isHalfFree: Bool { get }
}

/// A budget without limit.
package struct UnlimitedBudget: ReadBudget {
    /// Makes one.
    package init() {}

    /// 256 KiB.
    package var readUnit: Int { 256 << 10 }

    /// Always admits.
    package func reserve(bytes: Int) -> Bool { true }

    /// Does nothing.
    package func settle(reserved: Int, used: Int) {}

    /// Always.
    package var isHalfFree: Bool { true }
}
