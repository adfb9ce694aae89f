//! How many tasks of a run change their state in one transaction: what its counts are moved by, instead of
//! being counted anew. Pure arithmetic.

use crate::flow::TaskState;

/// How many tasks enter (positive) or leave (negative) each state of a run, in the order of
/// `TaskState::ALL`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Shift([i64; TaskState::ALL.len()]);

impl Shift {
    /// These many tasks go from one state to another.
    pub(super) fn moved(from: TaskState, to: TaskState, tasks: usize) -> Self {
        let mut shift = Self::default();
        shift.add(from, -as_signed(tasks));
        shift.add(to, as_signed(tasks));
        shift
    }

    /// One more task in a state.
    pub(super) fn enter(&mut self, state: TaskState) {
        self.add(state, 1);
    }

    /// One task goes from one state to another.
    pub(super) fn step(&mut self, from: TaskState, to: TaskState) {
        self.add(from, -1);
        self.add(to, 1);
    }

    /// Both changes.
    pub(super) fn join(&mut self, other: Self) {
        for (tasks, more) in self.0.iter_mut().zip(other.0) {
            *tasks += more;
        }
    }

    /// By how much each state's count changes, in the order of `TaskState::ALL`.
    pub(super) const fn by_state(self) -> [i64; TaskState::ALL.len()] {
        self.0
    }

    fn add(&mut self, state: TaskState, tasks: i64) {
        self.0[state as usize] += tasks;
    }
}

fn as_signed(tasks: usize) -> i64 {
    i64::try_from(tasks).expect("a run has fewer than 2^63 tasks")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shift_lies_in_the_order_of_the_states() {
        for (at, state) in TaskState::ALL.into_iter().enumerate() {
            assert_eq!(state as usize, at, "{state:?}");
        }
        let mut shift = Shift::moved(TaskState::Waiting, TaskState::Held, 3);
        shift.step(TaskState::Claimed, TaskState::Dead);
        shift.enter(TaskState::Ready);
        assert_eq!(shift.by_state(), [-3, 1, -1, 0, 1, 3, 0]);
    }
}
