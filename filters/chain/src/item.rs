//! The filters that can be items of a chain.

use crate::config::ItemConfig;
use filter_kit::headers::Headers;
use filter_kit::pipeline::{
    Background, Callbacks, Filter, Flow, Wake, edit_response, edit_trailers, follow_request,
};
use filter_kit::reply::LocalReply;
use filter_kit::request::Request;
use filter_kit::response::Response;

macro_rules! items {
    ($($item:ident is $filter:ty),+) => {
        /// A filter in the chain.
        pub(crate) enum Item {
            $($item(Box<$filter>)),+
        }

        /// What a request keeps in an item for its response.
        pub(crate) enum ItemState {
            $($item(<$filter as Filter>::State)),+
        }

        /// The callbacks that all filters together need.
        pub(crate) const CALLBACKS: Callbacks =
            Callbacks::HEADS$(.and(<$filter as Filter>::CALLBACKS))+;

        impl Item {
            /// Creates the filter from its configuration; `nth` filters of the same kind come
            /// before it.
            fn new(config: ItemConfig, nth: usize) -> Self {
                match config {
                    $(ItemConfig::$item(config) => {
                        Self::$item(Box::new(<$filter>::new_nth(config, nth)))
                    })+
                }
            }

            /// Returns the initial state of a request.
            pub(crate) fn state(&self) -> ItemState {
                match self {
                    $(Self::$item(_) => ItemState::$item(Default::default())),+
                }
            }

            /// Whether the filter reads all headers of most requests.
            pub(crate) fn reads_requests(&self) -> bool {
                match self {
                    $(Self::$item(filter) => filter.reads_requests()),+
                }
            }

            /// Passes a request through the filter.
            pub(crate) fn on_request(
                &self,
                request: &mut Request,
                state: &mut ItemState,
                wake: Option<Wake>,
            ) -> Flow {
                match (self, state) {
                    $((Self::$item(filter), ItemState::$item(state)) => {
                        follow_request(&**filter, request, state, wake)
                    })+
                    // Not reachable: each state is created by its item.
                    _ => Flow::Reply(LocalReply::unavailable()),
                }
            }

            /// Passes the trailers of a request through the filter.
            pub(crate) fn on_request_trailers(&self, trailers: &mut Headers) {
                match self {
                    $(Self::$item(filter) => edit_trailers(&**filter, trailers)),+
                }
            }

            /// Passes a response through the filter.
            pub(crate) fn on_response(
                &self,
                response: &mut Response,
                state: &mut ItemState,
                is_read_again: bool,
            ) {
                match (self, state) {
                    $((Self::$item(filter), ItemState::$item(state)) => {
                        edit_response(&**filter, response, state, is_read_again);
                    })+
                    _ => {}
                }
            }

            /// Returns the filter's background work, if any.
            pub(crate) fn background(&self) -> Option<&dyn Background> {
                match self {
                    $(Self::$item(filter) => filter.background()),+
                }
            }
        }
    };
}

items! {
    Cors is cors::Cors,
    HeaderRewrite is header_rewrite::HeaderRewrite,
    JwtAuth is jwt_auth::JwtAuth,
    RateLimit is rate_limit::RateLimit
}

/// Creates the filters of a chain, in order.
pub(crate) fn items(configs: Vec<ItemConfig>) -> Vec<Item> {
    let mut kinds = Vec::new();
    let configs = configs.into_iter();
    configs
        .map(|config| {
            let kind = std::mem::discriminant(&config);
            let nth = kinds.iter().filter(|other| **other == kind).count();
            kinds.push(kind);
            Item::new(config, nth)
        })
        .collect()
}
