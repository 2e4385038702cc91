//! Admin credentials: entered once for a side of an order, used for many pairs.

use mailferry_shared::account::SideName;
use serde::Deserialize;
use utoipa::IntoParams;

use super::problem::ApiError;

pub mod delete;
pub mod list;
pub mod set;

/// A side of an order.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct SidePath {
    /// The order number.
    #[param(example = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0001", value_type = mailferry_shared::ids::OrderId)]
    pub order_id: String,
    /// `source` or `destination`.
    #[param(example = "source", value_type = SideName)]
    pub side: String,
}

impl SidePath {
    /// The side; read after it is known who asks, so that an unknown one tells a stranger nothing.
    fn side(&self) -> Result<SideName, ApiError> {
        match self.side.as_str() {
            "source" => Ok(SideName::Source),
            "destination" => Ok(SideName::Destination),
            _ => Err(ApiError::NotFound),
        }
    }
}
