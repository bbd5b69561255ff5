package import Sluice

/// A graph's budget as the reading thread sees it.
package struct SlotBudget: ReadBudget {
    private let budget: Budget

    /// Wraps a budget.
    package init(_ budget: Budget) {
        self.budget = budget
    }

    package func reserve(bytes: Int) -> Bool {
        budget.reserve(bytes)
    }

    package func settle(reserved: Int, used: Int) {
        budget.correct(by: used - reserved)
    }

    package var isHalfFree: Bool { budget.held <= budget.capacity / 2 }
}
