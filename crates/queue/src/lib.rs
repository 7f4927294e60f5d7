//! The durable message queue and the delivery schedule.
