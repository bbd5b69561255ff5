package import Sluice

/// A graph's budget as the reading thread sees it.
package struct SlotBudget: ReadBudget {
    private let budget: Budget

    /// Wraps a budget.
    package init(_ budget: Budget) {
        self.budget = budget
    }

    /// Large enough that a burst is one batch, small enough that the budget holds several, and never more than it holds.
    package var readUnit: Int { min(1 << 20, max(64 << 10, budget.capacity / 32), budget.capacity) }

    package func reserve(bytes: Int) -> Bool {
        budget.reserve(bytes)
    }

    package func settle(reserved: Int, used: Int) {
        budget.correct(by: used - reserved)
    }

    package var isHalfFree: Bool { budget.held <= budget.capacity / 2 }
}
