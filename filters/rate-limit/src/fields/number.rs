//! Numbers as text.

/// A number in decimal digits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number {
    digits: [u8; 20],
    start: usize,
}

impl Number {
    pub(super) fn new(mut number: u64) -> Self {
        let mut digits = [b'0'; 20];
        let mut start = digits.len();
        for digit in digits.iter_mut().rev() {
            *digit = b'0' | u8::try_from(number % 10).unwrap_or(0);
            number /= 10;
            start = start.saturating_sub(1);
            if number == 0 {
                break;
            }
        }
        Self { digits, start }
    }

    pub(super) fn digits(&self) -> &[u8] {
        self.digits.get(self.start..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_standard_library_writes_them() {
        for number in [0, 1, 9, 10, 99, 100, 12_345_678_901, u64::MAX] {
            assert_eq!(Number::new(number).digits(), number.to_string().as_bytes());
        }
    }
}
